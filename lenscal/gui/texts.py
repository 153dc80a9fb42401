"""Made by packaging/list_texts.py: templates of `translatable`, for lupdate."""

# fmt: off

from PySide6.QtCore import QT_TRANSLATE_NOOP

TEXTS = (
    QT_TRANSLATE_NOOP("Translatable", " and {mm:g} mm"),
    QT_TRANSLATE_NOOP("Translatable", " at {focal_mm:g} mm"),
    QT_TRANSLATE_NOOP("Translatable", " at {mm:g} mm"),
    QT_TRANSLATE_NOOP("Translatable", " focused at {metres:.3g} m"),
    QT_TRANSLATE_NOOP("Translatable", "(unnamed)"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        ", and nothing tells whether it is a crop of the sensor or a smaller picture of all "
        "of it: calibrate with photos of this size"
    ),
    QT_TRANSLATE_NOOP("Translatable", ", different scenes"),
    QT_TRANSLATE_NOOP("Translatable", ", same scenes"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--case {pattern}: no case is called so; --list shows them all"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--depth {depth}: choose 8 or 16"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--device {name} does not work ({failure}); use --device auto"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--device {name}: choose auto, cpu, cuda or mps"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--device {name}: not available on this machine; use --device auto"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--exposure and --tone need --format tiff, png or jpeg in a colour space for screens:"
        " linear photos are written as the sensor saw them"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--exposure {ev:g}: choose {low:g} to {high:g} EV"),
    QT_TRANSLATE_NOOP("Translatable", "--factor {factor}: choose {least} to {most}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--family {family} and --kernel {kernel} exclude each other: leave one out"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--family {family} is for flow matching: add --method flow, or leave it out"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--family {family} is for one blur: add --kernel uniform (of lenscal calibrate), or "
        "leave it out"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--focal {focal_mm:g}: give the focal length in mm, e.g. 50"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--format {format}: of a population choose fits, npz or all; a sheet of samples is "
        "written as PNG beside them"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--grid {grid}: give at least 1x1, at most {most}x{most}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--grid {rows}x{columns} with --kernel-size {size} needs more than 2 GB: choose a "
        "coarser grid or smaller kernels"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--grid {rows}x{columns}: choose {least} to {most} rows and columns, e.g. 8x8"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--grow-from {path}: not one of lenscal's own networks"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--grow-from: a network of {channels} channels and {blocks} blocks cannot grow into "
        "one of {wanted_channels} and {wanted_blocks}: keep --channels {channels}, add "
        "--blocks"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--kernel-size {size}: choose an odd number from {least} to {most}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--kernel-size {size}: choose {least} to {most} px"),
    QT_TRANSLATE_NOOP("Translatable", "--kernels {n}: choose {least} to {most}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--kodak {folder}: image {number} is missing (looked for {names})"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--library {folder}: there is no folder {parent}; create it first"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--markdown {path} is no text: choose another name"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--markdown {path}: the tables go between the lines {begin} and {end}: put each of "
        "them into the document once, in this order"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--markdown {path}: {begin} and {end} have to stand in it once each, or not at all"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--max-minutes {minutes}: choose a number above 0"),
    QT_TRANSLATE_NOOP("Translatable", "--max-minutes {minutes}: must be above 0, and finite"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--measure {folder}: there is no {part}; give a folder that the benchmark has "
        "rendered"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--method flow and --stages {stages} exclude each other: leave one out, or choose "
        "--stages GTFM to begin flow matching with what closed-form stages found"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--method network: nothing was calibrated at {aperture}{focal}{focus}, and networks "
        "are trained for kernels that were photographed, not for predicted ones; use --method"
        " wiener or dpir, or calibrate so and train a network"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--method network: the profile has no restoration network; train one on sharp photos "
        "(lenscal train-network LENS.lenscal --photos FOLDER, or in the window “Train a "
        "network…” in step 5), or use --method wiener"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--method network: there is no network for this lens; train one first"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--minutes {minutes:g}: choose a number above 0"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--minutes {minutes:g}: choose a number from {least:g} to {most:g}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--noise {noise}: choose 0 to 1, e.g. 0.02"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--only prior: give the folder of the Kodak images with --kodak"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--out {out} is not empty: choose a new folder, or one of an earlier demo"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--out {out}: another lenscal batch works in it; wait for its end, or choose another "
        "folder"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--out {out}: give a file name that ends in .html or .pdf"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--out {path} exists and is no lenscal profile: not overwritten, choose another name"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--out {path} exists and is no population of lenscal's: not overwritten, choose "
        "another name"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--out {path} is a file: give a folder"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--out {path} is a folder: give a file name, e.g. {example}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--out {path} is the profile itself: choose another name"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--out {path}: another lenscal that is running writes it; wait for its end, or choose"
        " another name"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--out {path}: give a name that ends in {suffix}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--out {path}: not allowed to write there; choose another place"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--out {path}: the disk is full ({free_mb:.0f} MB free): make room, or choose another"
        " place"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--out {path}: there is no folder {folder}; create it first"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--out {path}: {why}; choose another place"),
    QT_TRANSLATE_NOOP("Translatable", "--photo is for reports on a lens: leave it out"),
    QT_TRANSLATE_NOOP("Translatable", "--photos {path}: no PNG, JPEG or TIFF pictures in it"),
    QT_TRANSLATE_NOOP("Translatable", "--photos {path}: there is no such folder"),
    QT_TRANSLATE_NOOP("Translatable", "--photos {photos}: choose {least} to {most}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--photos: {n} photos can be used, a training needs at least 2 sharp ones of {px} x "
        "{px} px or more: choose another folder"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--prior {path}: not a PyTorch file of tensors by name; give the weights as their "
        "authors publish them"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--prior {path}: not a readable safetensors file ({error})"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--prior {path}: the weights do not fit the network they name ({error})"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--prior {path}: there is no such file"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--prior {path}: unknown network; give lenscal's own weights, or FFDNet's or DRUNet's"
        " for colour"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--resume: the profile has no network yet; train without --resume"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--resume: the profile's network is for another kind of sensor; train without "
        "--resume"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--scheduler {scheduler}: no Dask scheduler answers there ({error})"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--seed {seed}: choose 0 or more"),
    QT_TRANSLATE_NOOP("Translatable", "--seed {seed}: choose 0 to {most}"),
    QT_TRANSLATE_NOOP("Translatable", "--seed {seed}: choose a number from 0 on"),
    QT_TRANSLATE_NOOP("Translatable", "--sensor {sensor}: a virtual rig has {sensors}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--size full is meant for graphics cards: on a processor it takes days; --size small "
        "is better there"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--size {size}: choose at least {least}x{least}, e.g. 900x600"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--size {size}: choose at most {most} px"),
    QT_TRANSLATE_NOOP("Translatable", "--size {size}: choose {least} to {most} px"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--size {width}x{height}: both must be even and at least {least} px"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--space camera-linear needs --format tiff (32-bit float) or dng, not {format}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--stages P needs the same scenes in both folders; none were found. Use --stages auto"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--stages {stages} is for a grid of kernels: leave it out with --kernel uniform"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--template {template!r} is a file name: give the folder with --out"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--template {template!r} must hold {{name}}, or photos would get the same name"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--template {template!r}: {reason}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--template {template!r}: {{{field}}} is not known, use {{name}} or {{method}}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "--theme {name}: choose {names}"),
    QT_TRANSLATE_NOOP("Translatable", "--workers {workers}: choose 1 to {most}"),
    QT_TRANSLATE_NOOP("Translatable", "--yardstick {path}: there is no such file"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "--{name} {value:g}: choose a number from {least:g} to {most:g}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "1 photo"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        ": it shows more than the PSF was learnt from, or has finer pixels; calibrate with "
        "photos of this size"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Apertures{place}: {photographed} photographed, {widest} to {narrowest} predicted"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Apertures{place}: {photographed}; others cannot be predicted"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "At {exposure} half of the photos are blurred over more than {median:.1f} px, "
        "{direction}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "Blurring the pictures"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "CFA pattern '{cfa}': give four letters with one R, two G and one B, e.g. RGGB"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Comparing pair {done} of {pairs}, pass {number} of {passes}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "Comparing spectra, edges and sparsity of both sets"),
    QT_TRANSLATE_NOOP("Translatable", "Comparing the photo with the profile"),
    QT_TRANSLATE_NOOP("Translatable", "Comparing two halves of the photos"),
    QT_TRANSLATE_NOOP("Translatable", "Comparing with held-out photos"),
    QT_TRANSLATE_NOOP("Translatable", "Comparing {name} with photos of its size"),
    QT_TRANSLATE_NOOP("Translatable", "Confidence: mean {mean:.2f}, worst {worst:.2f} (1: sure)"),
    QT_TRANSLATE_NOOP("Translatable", "Continuing after {stages}"),
    QT_TRANSLATE_NOOP("Translatable", "Continuing after {stages}, pass {number} of stage P"),
    QT_TRANSLATE_NOOP("Translatable", "Continuing after {stages}, step {step} of stages F and M"),
    QT_TRANSLATE_NOOP("Translatable", "Copying profiles into the library"),
    QT_TRANSLATE_NOOP("Translatable", "Copying the photo"),
    QT_TRANSLATE_NOOP("Translatable", "Correcting the kept-out photo with: {name}"),
    QT_TRANSLATE_NOOP("Translatable", "Correcting {photo}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Dask is not installed: pip install 'lenscal[cluster]' (on the workers, too)"
    ),
    QT_TRANSLATE_NOOP("Translatable", "Decoding {name} ({n} of {infos} {role} photos)"),
    QT_TRANSLATE_NOOP("Translatable", "Denoising {name}"),
    QT_TRANSLATE_NOOP("Translatable", "Denoising {name}, ISO {iso}"),
    QT_TRANSLATE_NOOP("Translatable", "Drawing kernel and picture side by side"),
    QT_TRANSLATE_NOOP("Translatable", "Drawing kernels and blurring pieces"),
    QT_TRANSLATE_NOOP("Translatable", "Drawing kernels that explain the photo"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Edges are {factor:.0%} as wide as spectra say (± {error:.0%})"
    ),
    QT_TRANSLATE_NOOP("Translatable", "Enlarging"),
    QT_TRANSLATE_NOOP("Translatable", "Estimating confidence from half {half} of the pairs"),
    QT_TRANSLATE_NOOP("Translatable", "Estimating confidence from half {half} of the photos"),
    QT_TRANSLATE_NOOP("Translatable", "Examining {name}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Expected error: kernels {mean:.0%}, {worst:.0%} at the worst place; MTF50 "
        "{mtf50:.0%}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Flow matching takes about {time} on this machine ({device}); it can be stopped at "
        "any time"
    ),
    QT_TRANSLATE_NOOP("Translatable", "Gathering patches, photo {number}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "GoPro's GPR has to be converted first: Adobe DNG Converter (free of charge) makes a "
        "DNG of it"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Half of the photos are blurred over more than {median:.1f} px, {direction}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "How fine the photos' texture is"),
    QT_TRANSLATE_NOOP("Translatable", "JPEG quality {quality}: choose 1 to 100"),
    QT_TRANSLATE_NOOP("Translatable", "Judging the network on photos it has not seen"),
    QT_TRANSLATE_NOOP("Translatable", "Lateral colour of the {what} photos, {number} of {shots}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Learning how blur differs from photo to photo (step {step} of {total})"
    ),
    QT_TRANSLATE_NOOP("Translatable", "Learning the degraded photos, step {step} of {total}"),
    QT_TRANSLATE_NOOP("Translatable", "Learning what kernels of this rig look like"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Lens model{place}: its rays explain the kernels to within {misfit:.0%}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "LibRaw gave up"),
    QT_TRANSLATE_NOOP("Translatable", "Loading the numerical libraries"),
    QT_TRANSLATE_NOOP("Translatable", "Looking at the texture of {name}"),
    QT_TRANSLATE_NOOP("Translatable", "Looking for a lens model that explains the kernels"),
    QT_TRANSLATE_NOOP("Translatable", "Looking for copies ({n} of {count} photos)"),
    QT_TRANSLATE_NOOP("Translatable", "Looking for photos of the same scenes"),
    QT_TRANSLATE_NOOP("Translatable", "Looking for rings"),
    QT_TRANSLATE_NOOP("Translatable", "Looking for the blur among those that the rig makes"),
    QT_TRANSLATE_NOOP("Translatable", "Looking for the kernel that made the picture small"),
    QT_TRANSLATE_NOOP("Translatable", "Looking for the preview of {photo}"),
    QT_TRANSLATE_NOOP("Translatable", "Looking whether the camera turned"),
    QT_TRANSLATE_NOOP("Translatable", "Looking whether {name} has changed"),
    QT_TRANSLATE_NOOP("Translatable", "Matching distributions, step {step} of {total}"),
    QT_TRANSLATE_NOOP("Translatable", "Matching statistics, round {number} of {rounds}"),
    QT_TRANSLATE_NOOP("Translatable", "Matching the picture with its smaller copy, step {step}"),
    QT_TRANSLATE_NOOP("Translatable", "Measuring edges"),
    QT_TRANSLATE_NOOP("Translatable", "Measuring how wide the kernels are"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Not enough memory: close other programs or use fewer photos"
    ),
    QT_TRANSLATE_NOOP("Translatable", "Opening {file}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "PDF files are drawn by Qt, which cannot be loaded ({error}): install lenscal as its "
        "README says; HTML needs none"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "PDF files need libraries of the system that are missing: {libraries}. On Debian and "
        "Ubuntu: sudo apt-get install {packages}; HTML needs none"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "PSF size {size} at {oversampling} x: the size must be odd and fit 30 px"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Photographed scene {number} of {n_photos} with both apertures"
    ),
    QT_TRANSLATE_NOOP("Translatable", "Photographed {number} of {all} with the virtual rig"),
    QT_TRANSLATE_NOOP("Translatable", "Photographing the scene that is kept out"),
    QT_TRANSLATE_NOOP("Translatable", "Photographing through the learnt lens"),
    QT_TRANSLATE_NOOP("Translatable", "Preparing the mask"),
    QT_TRANSLATE_NOOP("Translatable", "Preparing the preview"),
    QT_TRANSLATE_NOOP("Translatable", "Preparing the preview of {photo}"),
    QT_TRANSLATE_NOOP("Translatable", "RAW photos of Bayer sensors"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "RawTherapee's output profile has a curve of kind {kind!r} {function}: not understood"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Re-blur distance on kept-out photos (smaller is better): {figures}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "Reading pieces of {name}"),
    QT_TRANSLATE_NOOP("Translatable", "Reading sharp photos: {name}"),
    QT_TRANSLATE_NOOP("Translatable", "Reading the library"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Reading the metadata of {name} ({n} of {files} {role} photos)"
    ),
    QT_TRANSLATE_NOOP("Translatable", "Reading {name}"),
    QT_TRANSLATE_NOOP("Translatable", "Reading {name} ({n} of {all})"),
    QT_TRANSLATE_NOOP("Translatable", "Reading {photo}"),
    QT_TRANSLATE_NOOP("Translatable", "Removing profiles from the library"),
    QT_TRANSLATE_NOOP("Translatable", "Removing rings"),
    QT_TRANSLATE_NOOP("Translatable", "Removing the blur"),
    QT_TRANSLATE_NOOP("Translatable", "Removing the blur with the lens's network"),
    QT_TRANSLATE_NOOP("Translatable", "Removing the blur with the photo prior"),
    QT_TRANSLATE_NOOP("Translatable", "Restoring"),
    QT_TRANSLATE_NOOP("Translatable", "Restoring with the prior: {name}"),
    QT_TRANSLATE_NOOP("Translatable", "Saving the profile"),
    QT_TRANSLATE_NOOP("Translatable", "Solving for the kernels, pass {number} of {passes}"),
    QT_TRANSLATE_NOOP("Translatable", "Spectra of degraded photos"),
    QT_TRANSLATE_NOOP("Translatable", "Spectra of sharp photos"),
    QT_TRANSLATE_NOOP("Translatable", "Stages to come: {stages}"),
    QT_TRANSLATE_NOOP("Translatable", "Starting the numerical engine"),
    QT_TRANSLATE_NOOP("Translatable", "Stopping down the lens"),
    QT_TRANSLATE_NOOP("Translatable", "The GPU's memory was full: continuing on the CPU"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "The GPU's memory was full: continuing with {batch} patches a step"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "The display {display} cannot be opened: is it yours, and running? The command line "
        "works without: lenscal --help"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "The folders show different scenes: their statistics are compared"
    ),
    QT_TRANSLATE_NOOP("Translatable", "The job did not start"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "The settings file {path} cannot be read ({error}); the default settings are used."
    ),
    QT_TRANSLATE_NOOP("Translatable", "The settings file {path}: {problems}"),
    QT_TRANSLATE_NOOP("Translatable", "The virtual photos are written"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "The window needs libraries of the system that are missing: {libraries}. On Debian "
        "and Ubuntu: sudo apt-get install {packages}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "There is no display here to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is"
        " set). Log in to a desktop, connect with ssh -X, or use the command line: lenscal "
        "--help"
    ),
    QT_TRANSLATE_NOOP("Translatable", "Third order, degraded photos"),
    QT_TRANSLATE_NOOP("Translatable", "Third order, sharp photos"),
    QT_TRANSLATE_NOOP("Translatable", "Tracing {lens} at f/{f_number:g}"),
    QT_TRANSLATE_NOOP("Translatable", "Training a network on the picture"),
    QT_TRANSLATE_NOOP("Translatable", "Training the network"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "Training the network: {gain:+.2f} dB over the Wiener filter on photos that it has "
        "not seen"
    ),
    QT_TRANSLATE_NOOP("Translatable", "Unexpected: {problem}"),
    QT_TRANSLATE_NOOP("Translatable", "Waiting for workers"),
    QT_TRANSLATE_NOOP("Translatable", "Writing to {folder}"),
    QT_TRANSLATE_NOOP("Translatable", "Writing {file}"),
    QT_TRANSLATE_NOOP("Translatable", "Writing {form} files to {folder}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "a Gaussian of {first:.2f} x {second:.2f} px explains the photos that were kept out "
        "as well as a free kernel: it is taken"
    ),
    QT_TRANSLATE_NOOP("Translatable", "a JPEG of {n} colours of {bits} bit: not supported"),
    QT_TRANSLATE_NOOP("Translatable", "a copy of {name}: each photo counts once"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "a crop of {own} px: corrected with that part of the PSF for {whole} px"
    ),
    QT_TRANSLATE_NOOP("Translatable", "a file of that name exists: skipped"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "a lens model explains the profile's kernels too badly to predict others"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "a lens model needs both apertures of a calibration, and a grid of kernels"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "a mosaic must be uint16 [height, width], got {dtype} {shape}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "a photo was not corrected: {why}"),
    QT_TRANSLATE_NOOP("Translatable", "a picture of {shape} is too small"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "all colours are read at every pixel: if a camera or a program demosaiced or "
        "sharpened the photo, that counts as the lens's, and kernels may be off by twice as "
        "much as those of a Bayer sensor's RAW files"
    ),
    QT_TRANSLATE_NOOP("Translatable", "all metadata"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "all of the correction would have made rings along edges: {mean:.0%} of it was kept "
        "on average, {least:.0%} where they were worst; the photo is less blurred than the "
        "profile says"
    ),
    QT_TRANSLATE_NOOP("Translatable", "an image must be [height, width, 3], got {shape}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "an image of {size} px (height, width) at {origin} is not the grid's, which is for "
        "{whole}: give the origin of a part, or a grid of the image's size"
    ),
    QT_TRANSLATE_NOOP("Translatable", "an unknown aperture"),
    QT_TRANSLATE_NOOP("Translatable", "an unnamed lens"),
    QT_TRANSLATE_NOOP("Translatable", "and {n} more"),
    QT_TRANSLATE_NOOP("Translatable", "and {n} more, see the list in step 6"),
    QT_TRANSLATE_NOOP("Translatable", "another copy of it (serial {one} instead of {other})"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "another window calibrates these photos just now: wait for its end, or cancel it "
        "there"
    ),
    QT_TRANSLATE_NOOP("Translatable", "aperture"),
    QT_TRANSLATE_NOOP("Translatable", "aperture {aperture:g}: give the f-number, e.g. 5.6"),
    QT_TRANSLATE_NOOP("Translatable", "blown-out areas"),
    QT_TRANSLATE_NOOP("Translatable", "blurred"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "both folders hold photos at f/{aperture:.2g}: the result can only be that nothing "
        "changes (choose photos at two apertures, unless that is what you want to see)"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "both sets of photos have already been chosen: drop onto the one in step 1 that you "
        "want to replace"
    ),
    QT_TRANSLATE_NOOP("Translatable", "bottom"),
    QT_TRANSLATE_NOOP("Translatable", "bottom left"),
    QT_TRANSLATE_NOOP("Translatable", "bottom right"),
    QT_TRANSLATE_NOOP("Translatable", "calibrate again to renew it"),
    QT_TRANSLATE_NOOP("Translatable", "calibrating with {threads} threads"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "calibration needs at least one sharp and one degraded photo"
    ),
    QT_TRANSLATE_NOOP("Translatable", "camera"),
    QT_TRANSLATE_NOOP("Translatable", "camera bodies (serial numbers)"),
    QT_TRANSLATE_NOOP("Translatable", "cameras"),
    QT_TRANSLATE_NOOP("Translatable", "cannot be read"),
    QT_TRANSLATE_NOOP("Translatable", "cannot be read ({error})"),
    QT_TRANSLATE_NOOP("Translatable", "centre"),
    QT_TRANSLATE_NOOP("Translatable", "choose a shorter --folder"),
    QT_TRANSLATE_NOOP("Translatable", "choose a shorter --out"),
    QT_TRANSLATE_NOOP("Translatable", "choose another file"),
    QT_TRANSLATE_NOOP("Translatable", "choose the two folders again"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "claims {width} x {height} px in {n_bytes} bytes: not opened"
    ),
    QT_TRANSLATE_NOOP("Translatable", "clipped: {clipped:.0%} of the picture is blown out"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "clipped: {clipped:.0%} of the picture is blown out; expose less"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "colour fringes have their centre {where} (of half the diagonal): decentred"
    ),
    QT_TRANSLATE_NOOP("Translatable", "colours of kind {kind}: convert it to RGB first"),
    QT_TRANSLATE_NOOP("Translatable", "confidence must be {expected}, got {shape}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "corrections are compared with scikit-image's, which is not installed: pip install "
        "'lenscal[benchmark]', or measure something else with --only"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "dark: its brightest parts are {stops:.0f} stops below saturation; expose more"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "dark: {dark:.0%} of the picture is nearly black; expose more"
    ),
    QT_TRANSLATE_NOOP("Translatable", "decoded to linear light"),
    QT_TRANSLATE_NOOP("Translatable", "degraded"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "different scenes, {n} photos and more in each folder: expect a half to three "
        "quarters of what the same scenes from a tripod would give"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "different scenes, {n} photos in the smaller folder: expect about a third of what the"
        " same scenes from a tripod would give; ten in each folder are better"
    ),
    QT_TRANSLATE_NOOP("Translatable", "distribution matching"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "distribution matching explained the held-out photos no better: its changes were "
        "dropped"
    ),
    QT_TRANSLATE_NOOP("Translatable", "do not use them; photograph subjects with more texture"),
    QT_TRANSLATE_NOOP("Translatable", "do not use this calibration: {reason}"),
    QT_TRANSLATE_NOOP("Translatable", "empty"),
    QT_TRANSLATE_NOOP("Translatable", "estimated from {photos}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "even its sharpest edges are {width:.1f} px wide: it looks out of focus or shaken, "
        "unless the lens is as soft as that"
    ),
    QT_TRANSLATE_NOOP("Translatable", "every kernel must sum to 1"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "expect kernels to be off by about {error:.0%}; more photos would hardly help"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "expect kernels to be off by about {error:.0%}; with more photos in each folder by "
        "less (photos: error; {others})"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "expect kernels to be off by about {error:.0%}; {more} more photos of other subjects "
        "in each folder would halve that (photos: error; {others})"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "f/{f_number:g} is wider than the widest aperture of {lens}, f/{widest:g}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "flat: hardly any texture stands out of the noise; choose a subject with detail"
    ),
    QT_TRANSLATE_NOOP("Translatable", "flow matching"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "flow matching found no kernel that photos that were kept out like better: that of "
        "the closed form is kept"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "flow matching was left out: there are too few photos to learn from and to check it "
        "on"
    ),
    QT_TRANSLATE_NOOP("Translatable", "focal length"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "focused at {metres:.3g} m, and the kernels are for {known:.3g} m"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "focused at {metres:.3g} m, outside the distances that were photographed: the nearest"
        " one is taken"
    ),
    QT_TRANSLATE_NOOP("Translatable", "format {form}: choose one of {choices}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "half of the photos alone show too little: the confidence of the kernels is unknown; "
        "take more photos"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "hardly anything in it tells its blur (it is flat, clipped, or smaller than {least} "
        "px)"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "hardly anything in the photos can be used (they are flat, clipped or small): choose "
        "photos with detail, or more of them"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "held-out photos show that the blur’s variation over the picture could not be "
        "measured: one average kernel is used everywhere. To measure it, photograph four "
        "scenes with both apertures from a tripod, or ten more of other subjects in each "
        "folder"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "held-out photos show that the lens model made the kernels worse: it was left out"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "held-out photos show that third-order statistics made the kernels worse: only second"
        " order was used, which cannot tell how asymmetric the blur is"
    ),
    QT_TRANSLATE_NOOP("Translatable", "holds RAW data: give it the suffix .dng"),
    QT_TRANSLATE_NOOP("Translatable", "holds a palette of few colours instead of a photo"),
    QT_TRANSLATE_NOOP("Translatable", "holds values that are no numbers"),
    QT_TRANSLATE_NOOP("Translatable", "holds {n} pictures: the first one is taken"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "how it was developed in {programs} stays with the original"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "how the blur differs over the picture ({variation:.0%}) is less than the error that "
        "these kernels are expected to have ({error:.0%}): the correction may be no better "
        "than with one average kernel; {advice}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "if other programs show it, let Adobe DNG Converter (free of charge) make a DNG of it"
    ),
    QT_TRANSLATE_NOOP("Translatable", "in all directions"),
    QT_TRANSLATE_NOOP("Translatable", "in most photos"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "in parts of it, all of the correction would have made rings along edges: {least:.0%}"
        " of it was kept there"
    ),
    QT_TRANSLATE_NOOP("Translatable", "in the photo"),
    QT_TRANSLATE_NOOP("Translatable", "is CMYK, made for printing: convert it to RGB first"),
    QT_TRANSLATE_NOOP("Translatable", "is damaged, or of a kind that cannot be read ({error})"),
    QT_TRANSLATE_NOOP("Translatable", "is no PNG, JPEG or TIFF picture, or is damaged"),
    QT_TRANSLATE_NOOP("Translatable", "it does not say its aperture"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "it holds JPEG XL: let Adobe DNG Converter (free of charge) write it for Camera Raw "
        "13.2 or earlier"
    ),
    QT_TRANSLATE_NOOP("Translatable", "it holds no settings"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "it is a RAW photo, the population was learnt from pictures (PNG, JPEG, TIFF)"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "it is a RAW photo, the profile was learnt from pictures (PNG, JPEG, TIFF)"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "it is a picture, the population was learnt from RAW photos"
    ),
    QT_TRANSLATE_NOOP("Translatable", "it is a picture, the profile was learnt from RAW photos"),
    QT_TRANSLATE_NOOP("Translatable", "it is missing"),
    QT_TRANSLATE_NOOP("Translatable", "it is protected against writing"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "it was started by an earlier or later build of this lenscal"
    ),
    QT_TRANSLATE_NOOP("Translatable", "it was started by lenscal {then}, this is {now}"),
    QT_TRANSLATE_NOOP("Translatable", "it was started with --{option} {then}, not {now}"),
    QT_TRANSLATE_NOOP("Translatable", "its ICC profile cannot be used ({error}): sRGB"),
    QT_TRANSLATE_NOOP("Translatable", "its apertures are not known well enough to predict others"),
    QT_TRANSLATE_NOOP("Translatable", "its colour filter is of no known kind ({error}): damaged?"),
    QT_TRANSLATE_NOOP("Translatable", "its colours have different numbers of bits"),
    QT_TRANSLATE_NOOP("Translatable", "its directory is damaged"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "its edges are {worst:.1f} px wide along one direction and {best:.1f} px along "
        "another: it looks shaken"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "its kernel prior is of another kind: train it again with this version"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "its kernels have values far above and below zero (up to {most:.3g} times the light "
        "in all), as no lens has"
    ),
    QT_TRANSLATE_NOOP("Translatable", "its lens"),
    QT_TRANSLATE_NOOP("Translatable", "its transparency is left out"),
    QT_TRANSLATE_NOOP("Translatable", "kept-out lens {number}: choose 0 or more"),
    QT_TRANSLATE_NOOP("Translatable", "kernels can be predicted up to {narrowest}"),
    QT_TRANSLATE_NOOP("Translatable", "kernels hold values that are not finite"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "kernels must be [rows, cols, 3, k, k] with k odd, got {shape}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "kernels of neighbouring places differ as those of a lens do not ({n} of {nodes} "
        "nodes, most at row {row}, column {column}): look at the corrected photos there"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "kernels predicted for {aperture} from those of {sources} (expected error "
        "{error:.0%})"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "large photos wait in {cache}, which failed: {why}; make room there"
    ),
    QT_TRANSLATE_NOOP("Translatable", "lateral colour"),
    QT_TRANSLATE_NOOP("Translatable", "learn the population again to renew it"),
    QT_TRANSLATE_NOOP("Translatable", "left"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "left out: {files}, with which a lens model would explain the kernels too badly to "
        "predict others"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "left out: {files}, with which the expected error would be {together:.0%} instead of "
        "{alone:.0%}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "lens"),
    QT_TRANSLATE_NOOP("Translatable", "lens number {number}"),
    QT_TRANSLATE_NOOP("Translatable", "lens serial numbers"),
    QT_TRANSLATE_NOOP("Translatable", "lens's serial number"),
    QT_TRANSLATE_NOOP("Translatable", "lenscal has corrected it already ({how})"),
    QT_TRANSLATE_NOOP("Translatable", "lenses"),
    QT_TRANSLATE_NOOP("Translatable", "lensfun: {lens}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "levels black {black:g}, white {white}: need 0 <= black < white <= 65535"
    ),
    QT_TRANSLATE_NOOP("Translatable", "library export needs --out DIR: say where to copy to"),
    QT_TRANSLATE_NOOP("Translatable", "library {action}: say which, see --help"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "light reached the border of {before} px kernels: they were made {size} px wide, "
        "which takes longer"
    ),
    QT_TRANSLATE_NOOP("Translatable", "line {line}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "little texture nearly everywhere ({mostly} {often}): these kernels will be "
        "uncertain; photograph subjects with detail all over the picture"
    ),
    QT_TRANSLATE_NOOP("Translatable", "method {method}: choose one of {choices}"),
    QT_TRANSLATE_NOOP("Translatable", "more cells than there are columns in line 1"),
    QT_TRANSLATE_NOOP("Translatable", "more than 4 GB: too large"),
    QT_TRANSLATE_NOOP("Translatable", "mostly sideways"),
    QT_TRANSLATE_NOOP("Translatable", "mostly towards the upper left or lower right"),
    QT_TRANSLATE_NOOP("Translatable", "mostly towards the upper right or lower left"),
    QT_TRANSLATE_NOOP("Translatable", "mostly up and down"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "moved: along one direction, fine detail is {worst:.0f} times weaker than in the "
        "others"
    ),
    QT_TRANSLATE_NOOP("Translatable", "nearly black areas"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "no RAW files (photos in folders inside it, like {inner}, are not read)"
    ),
    QT_TRANSLATE_NOOP("Translatable", "no RAW files, only 1 other file"),
    QT_TRANSLATE_NOOP("Translatable", "no RAW files, only {others} other files"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "no RAW photo, or a camera or compression that LibRaw {version} cannot read"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "no blur explains the held-out photos better than none does: the profile leaves "
        "photos as they are. Either both apertures are equally sharp, or these photos are too"
        " few, or too different, to tell"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "no blur of this rig's kind can be told in it: no kernel explains it clearly better "
        "than none"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "no colour matrix is known for {camera}: its colours are plain"
    ),
    QT_TRANSLATE_NOOP("Translatable", "no folder given"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "no patch could be used: the photos are clipped, dark or without texture all over"
    ),
    QT_TRANSLATE_NOOP("Translatable", "no photo"),
    QT_TRANSLATE_NOOP("Translatable", "no photo can be used"),
    QT_TRANSLATE_NOOP("Translatable", "no photo has {px} x {px} px: give larger ones"),
    QT_TRANSLATE_NOOP("Translatable", "no photo has {px} x {px} px: give others with --photos"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "no photo is at least {size} px wide and high: give larger photos"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "no photos to measure on: give a folder with PNG, JPEG or TIFF files"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "no stage was completed: these kernels are a first guess; calibrate again and give it"
        " more time"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "no vignetting profile for the camera {camera}: not removed"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "no vignetting profile for {lens} at {focal_mm:g} mm: not removed"
    ),
    QT_TRANSLATE_NOOP("Translatable", "no vignetting profile for {lens}: not removed"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "no visible tilt or decentring: opposite sides agree within {within:.0%}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "no worker has the {need:.1f} GB of memory that memory_gb asks for; the largest has "
        "{largest:.1f} GB"
    ),
    QT_TRANSLATE_NOOP("Translatable", "noise {noise}: want two numbers from 0"),
    QT_TRANSLATE_NOOP("Translatable", "none"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "none of the {role} photos can be read ({reasons}): choose other files"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "none of the {role} photos can be used ({reasons}): {advice}, or keep them all the "
        "same (--keep-all)"
    ),
    QT_TRANSLATE_NOOP("Translatable", "not allowed to write there"),
    QT_TRANSLATE_NOOP("Translatable", "nothing"),
    QT_TRANSLATE_NOOP("Translatable", "number of photos {n}: give at least 1"),
    QT_TRANSLATE_NOOP("Translatable", "of a folder there are the keys folder and aperture"),
    QT_TRANSLATE_NOOP("Translatable", "one kernel for the whole photo"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "one set is of RAW photos, the other one of pictures (PNG, JPEG, TIFF): choose two "
        "sets of one kind"
    ),
    QT_TRANSLATE_NOOP("Translatable", "one set is of arrays, the other of files: give one kind"),
    QT_TRANSLATE_NOOP("Translatable", "one was learnt from RAW photos, the other from pictures"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "only {sharp} sharp and {degraded} degraded photos, of different scenes as it seems: "
        "too few to check the result on photos that were kept out. Expect a rough measure of "
        "the blur, with low confidence, or none. Photograph the same scenes with both "
        "apertures from a tripod (four pairs are plenty), or take ten photos of each"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "only {texture:.0%} of the picture shows texture in both folders: kernels will be "
        "uncertain where there is none"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "only {usable:.0%} of the picture has texture to learn from"
    ),
    QT_TRANSLATE_NOOP("Translatable", "other programs"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "out of focus or shaken: its sharpest edges are {width:.1f} px wide, those of another"
        " photo at the same places {best:.1f} px"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "out of focus: fine detail is {weaker:.0f} times weaker than in the other photos"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "out of focus: fine detail is {weaker:.0f} times weaker than the other folder's photo"
        " of the same scene leads to expect"
    ),
    QT_TRANSLATE_NOOP("Translatable", "pairs of photos of one scene"),
    QT_TRANSLATE_NOOP("Translatable", "partly assumed: too little to measure in {photos}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "photo size {height} x {width}: both must be even and at least {least} px"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "photograph four scenes with both apertures from a tripod, or ten more of other "
        "subjects in each folder"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "photograph more scenes with detail all over the picture, at a lower ISO speed"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "photograph subjects with detail all over the picture, well exposed and in focus"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "photos are smaller than {least} px: too small to calibrate"
    ),
    QT_TRANSLATE_NOOP("Translatable", "photos differ in size ({sizes}): use one camera mode"),
    QT_TRANSLATE_NOOP("Translatable", "photos that know all colours at every pixel"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "programs that develop the original brighten it by {ev:+.2g} EV (its "
        "BaselineExposure); this picture is as the sensor saw it"
    ),
    QT_TRANSLATE_NOOP("Translatable", "quality {quality}: choose one of {choices}"),
    QT_TRANSLATE_NOOP("Translatable", "rays through a lens"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "rays were believed by {share:.0%} only, as photos or parts of them that were kept "
        "out show"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "re-blurred with these kernels, the sharp photos look less like the kept-out degraded"
        " ones than without (distance {estimate:.3g} instead of {delta:.3g}): {advice}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "reading"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "reading it failed in a way that was not expected ({kind}: {words}): the file is most"
        " likely damaged"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "reading it was given up after {seconds:.0f} s: the file is most likely damaged"
    ),
    QT_TRANSLATE_NOOP("Translatable", "rename the photo, or choose a shorter --template"),
    QT_TRANSLATE_NOOP("Translatable", "resources/{name} is missing: install lenscal again"),
    QT_TRANSLATE_NOOP("Translatable", "right"),
    QT_TRANSLATE_NOOP("Translatable", "round {number} of {repeats}"),
    QT_TRANSLATE_NOOP("Translatable", "search for photos of the same scenes"),
    QT_TRANSLATE_NOOP("Translatable", "sensor colours {colours}, need red, green, blue"),
    QT_TRANSLATE_NOOP("Translatable", "sensor sizes"),
    QT_TRANSLATE_NOOP("Translatable", "sharp"),
    QT_TRANSLATE_NOOP("Translatable", "sharp and degraded"),
    QT_TRANSLATE_NOOP("Translatable", "sky or other plain areas"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "softer than the other photos: check whether it is in focus"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "stage F saw {patches} patches in {steps} steps, not {expected}: mend this measure"
    ),
    QT_TRANSLATE_NOOP("Translatable", "standard output cannot be written: {reason}"),
    QT_TRANSLATE_NOOP("Translatable", "statistics of the scenes"),
    QT_TRANSLATE_NOOP("Translatable", "statistics of third order"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "stays with the original, as only its program can read it: {names}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "stopped before all speeds were measured"),
    QT_TRANSLATE_NOOP("Translatable", "stopped before any kernel was learnt: nothing to keep"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "stopped before any kernel was learnt: there is nothing to keep"
    ),
    QT_TRANSLATE_NOOP("Translatable", "stopped before the first step: nothing was learnt"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "stopped before the photos were ready: there is nothing to keep"
    ),
    QT_TRANSLATE_NOOP("Translatable", "stopped while photos were read: nothing was learnt"),
    QT_TRANSLATE_NOOP("Translatable", "strips"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "taken with another camera of that model (serial {photos_own}, the profile is for "
        "{profiles})"
    ),
    QT_TRANSLATE_NOOP("Translatable", "taking the photo"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the GPU's memory was full: learning continued with {batch} patches a step instead of"
        " {before}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the GPU's memory was full: the rest was computed on the CPU, which takes longer"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the PSF grid is for photos of {grid_width} x {grid_height} px, this one has {width} "
        "x {height}: use its own profile"
    ),
    QT_TRANSLATE_NOOP("Translatable", "the XMP"),
    QT_TRANSLATE_NOOP("Translatable", "the XMP and the camera maker's own notes"),
    QT_TRANSLATE_NOOP("Translatable", "the batch has ended"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the blur of the degraded photos hardly stands out from their scenes: kernels were "
        "pulled towards a point; if the lens is softer than that, take more photos, of scenes"
        " with more detail"
    ),
    QT_TRANSLATE_NOOP("Translatable", "the camera maker's own notes"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the camera turned while the shutter was open: towards the corners the blur's path "
        "changes by up to {change:.0%} of its length in the middle"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the centre of the sharp photos shows nothing to compare with: it is clipped, dark or"
        " plain"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the checkpoint is damaged ({error}): calibrate without --resume to start anew"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the checkpoint is damaged ({error}): learn without --resume to start anew"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the checkpoint {path} cannot be read ({reason}): calibrate without --resume to start"
        " anew"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the cluster's scheduler is lost: what was done is kept; run the same command again "
        "once it is there"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the cluster's workers have no lenscal {version} ({error}): install it there"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the colour filter repeats each {period} pixels: what LibRaw's demosaicing makes of "
        "it is read; kernels are off by a little more than those of a Bayer sensor where both"
        " folders show the same scenes, by half as much again where they do not"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the correction gave values that are no numbers, and was not written: the photo prior"
        " or the PSF is damaged; try --method wiener, or another profile"
    ),
    QT_TRANSLATE_NOOP("Translatable", "the default settings are used"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the degraded photos are not the ones it was started with ({names})"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the different scenes may be the reason: look at a corrected photo, or photograph the"
        " same scenes with both apertures"
    ),
    QT_TRANSLATE_NOOP("Translatable", "the documents are missing: install lenscal again"),
    QT_TRANSLATE_NOOP("Translatable", "the editing history"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the estimate's {count} nodes do not form a rectangular grid"
    ),
    QT_TRANSLATE_NOOP("Translatable", "the file claims a picture too large to be true"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the file is cut off ({size} bytes for {megapixels:.1f} MP)"
    ),
    QT_TRANSLATE_NOOP("Translatable", "the file is cut off or damaged"),
    QT_TRANSLATE_NOOP("Translatable", "the file is cut off or damaged ({lack})"),
    QT_TRANSLATE_NOOP("Translatable", "the file is empty"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the file's NoiseProfile tells {ratio:.1f} times the noise variance that the photo "
        "has: the photo is believed"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the folder {path} cannot be read ({strerror}): check its rights"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the kernels that explain it differ too much to trust one (they agree by "
        "{agreement:.0%}): choose a photo with more detail or less noise, or use --force"
    ),
    QT_TRANSLATE_NOOP("Translatable", "the lens model is another version's: calibrate again"),
    QT_TRANSLATE_NOOP("Translatable", "the library has no profile for {camera}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the library has no profile for {lens} on {camera} (it has {others})"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the library has {lens}, but nothing for {aperture}{focal}; nearest is {name}: "
        "{coverage}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the library that reads it crashed ({how}): the file is most likely damaged"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the library {folder} is a file: choose a folder with --library or LENSCAL_LIBRARY"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the library {folder} is empty: name a profile, or add some with lenscal library add"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the light of its kernels lies up to {px:.1f} px from their middle (row {row}, column"
        " {column}): photos would be moved, not sharpened"
    ),
    QT_TRANSLATE_NOOP("Translatable", "the metadata of {photo} could not be copied: {reason}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the metadata of {photo} could not be read ({reason}): not copied"
    ),
    QT_TRANSLATE_NOOP("Translatable", "the operator takes [3, H, W] or [B, 3, H, W], got {shape}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photo does not say its camera: name the profile to correct it with"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photo does not say its lens, and the library has several for {camera} "
        "({lenses}): name the profile to correct it with"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photo does not say its {things}: taken for the profile's ({values})"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photo does not say where it was focused: taken for {metres:g} m"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photo has {photo_width} x {photo_height} px, the PSF is for {width} x {height} "
        "px{why}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photo has {ratio:.1f} times the noise variance that the file's NoiseProfile "
        "tells: the photo is believed"
    ),
    QT_TRANSLATE_NOOP("Translatable", "the photo says no white balance: daylight's is taken"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photo was taken at {photos_own:g} mm, the profile is for {profiles:g} mm"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photo was taken at {photos_own}, the profile is for {profiles}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photo's lens is called {photos_own}: taken for the profile's {profiles}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photo's {what} is {photos_own}, the profile is for {profiles}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photos are of different kinds ({kinds}): use one kind of file for both folders"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photos look hardly more blurred than the sharp ones: no blur explains those that"
        " were kept out nearly as well (distance {delta:.3g} instead of {estimate:.3g})"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photos of the degraded folder are sharper than those of the sharp one: are the "
        "two folders exchanged?"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the photos to correct show more fine detail than the sharp ones: were the two sets "
        "swapped?"
    ),
    QT_TRANSLATE_NOOP("Translatable", "the picture in the file is damaged"),
    QT_TRANSLATE_NOOP("Translatable", "the picture in the file is damaged ({error})"),
    QT_TRANSLATE_NOOP("Translatable", "the picture is empty"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the picture is empty ({share:.0%} of the sensor reads {value}): a stub, or a file "
        "cut off"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the picture is random from site to site: the file is damaged"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the picture is smaller than {least} px: it does not tell its kernel; give one with "
        "--kernel FILE"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the picture is smaller than {least} px: its patches do not tell its kernel; leave "
        "--kernel flow out, or give one with --kernel FILE"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the picture keeps its format, and with it its brightness: exposure and tone are left"
        " as they were"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the picture shows too little detail to tell its kernel, as it is smooth or noisy: "
        "what seemed to be {first:.2f} x {second:.2f} px was drawn towards the usual "
        "{usual:.2f} px, to {larger:.2f} x {smaller:.2f} px"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the population was learnt with {known}, the photo is of {camera}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the profile's network is for photos of whole resolution, and pixels of this one are "
        "{pitch:.2g} times as large: use --method wiener or dpir"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the profile's network is for {kind}, and this photo is none: use --method wiener or "
        "dpir"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the profile's restoration network ({layout}) is of no kind that this lenscal knows: "
        "update lenscal, or train it again"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the profile's restoration network is damaged: its weights do not fit ({error}); "
        "train it again"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the sensor's grid is not upright and square ({camera}): not supported"
    ),
    QT_TRANSLATE_NOOP("Translatable", "the shading map in the file"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the sharp photos are not the ones it was started with ({names})"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the sharpest edges are {sharp:.1f} px wide in the sharp photos and {degraded:.1f} px"
        " in the degraded ones"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the system ended the process that was reading it, most likely for lack of memory: "
        "close other programs"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the training diverged at step {step}: try another --seed, or more photos"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the training of the network diverged at step {step}; the profile is as it was: try "
        "another --seed"
    ),
    QT_TRANSLATE_NOOP("Translatable", "the weights of this population do not fit it: {reason}"),
    QT_TRANSLATE_NOOP("Translatable", "the whole file"),
    QT_TRANSLATE_NOOP("Translatable", "the {role} photos are arrays and files: give one kind"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the {role} photos are flat: {texture:.0%} of their area has texture; {advice}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the {role} photos come from several {things} ({parts}): {advice}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the {role} photos do not say their aperture (a manual lens?): type it in with "
        "{option}, e.g. {option} 5.6"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the {role} photos have several apertures ({groups}): keep one in the folder, or "
        "choose one with {option}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "the {role} photos have several focal lengths ({focal}): a calibration holds for one;"
        " use photos of one, or type it in with --focal"
    ),
    QT_TRANSLATE_NOOP("Translatable", "their order"),
    QT_TRANSLATE_NOOP("Translatable", "there is no such file"),
    QT_TRANSLATE_NOOP("Translatable", "there is no such key: is {near} meant?"),
    QT_TRANSLATE_NOOP("Translatable", "there is no such key; there are settings and lens"),
    QT_TRANSLATE_NOOP("Translatable", "there is no such key; there are {keys}"),
    QT_TRANSLATE_NOOP("Translatable", "there is something that is no plain file"),
    QT_TRANSLATE_NOOP("Translatable", "these parts rely on their neighbours"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "this PSF is no lens's: {reasons}; calibrate again, or choose another file"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "this calibration cannot be resumed if it is interrupted: {error}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "this calibration cannot be resumed: {difference}. Give the same again, or calibrate "
        "without --resume"
    ),
    QT_TRANSLATE_NOOP("Translatable", "this camera"),
    QT_TRANSLATE_NOOP("Translatable", "this corner relies on its neighbours"),
    QT_TRANSLATE_NOOP("Translatable", "this part relies on its neighbours"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "this training cannot be resumed if it is interrupted: {error}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "this training cannot be resumed: its {what} differ. Give the same again, or learn "
        "without --resume"
    ),
    QT_TRANSLATE_NOOP("Translatable", "this version of lenscal takes other numbers of steps"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "tile {height}x{width} at {origin} does not lie inside the sensor {sensor}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "tiles"),
    QT_TRANSLATE_NOOP("Translatable", "too few kernels to compare the sides"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "too few photos to keep any out for a check: nothing tells how good these kernels "
        "are; use at least four in each folder, of the same scenes if you can"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "too few photos to keep any out: what distribution matching changed cannot be checked"
        " and was dropped"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "too few photos to keep whole ones out: kernels were checked on parts of the same "
        "photos, and their confidence is low; take at least four of each folder, of the same "
        "scenes if you can"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "too few textured patches for distribution matching: it was left out"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "too few textured patches for stages F and M (below {least_patches}): add photos with"
        " texture, or use --stages auto"
    ),
    QT_TRANSLATE_NOOP("Translatable", "too large to be true"),
    QT_TRANSLATE_NOOP("Translatable", "too many scans to be a photo: not opened"),
    QT_TRANSLATE_NOOP("Translatable", "top"),
    QT_TRANSLATE_NOOP("Translatable", "top left"),
    QT_TRANSLATE_NOOP("Translatable", "top right"),
    QT_TRANSLATE_NOOP("Translatable", "training diverged at step {step}: lower --rate ({rate:g})"),
    QT_TRANSLATE_NOOP("Translatable", "training needs --steps or --minutes"),
    QT_TRANSLATE_NOOP("Translatable", "two halves of the photos themselves"),
    QT_TRANSLATE_NOOP("Translatable", "unexpected: {kind}: {error}"),
    QT_TRANSLATE_NOOP("Translatable", "unknown"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "up to {share} of a kernel's light falls on its border: use a larger --kernel-size"
    ),
    QT_TRANSLATE_NOOP("Translatable", "update lenscal to open it"),
    QT_TRANSLATE_NOOP("Translatable", "use photos of one body only"),
    QT_TRANSLATE_NOOP("Translatable", "use photos of one camera only"),
    QT_TRANSLATE_NOOP("Translatable", "use photos of one lens only"),
    QT_TRANSLATE_NOOP("Translatable", "use photos of one lens only, or name it with --lens"),
    QT_TRANSLATE_NOOP("Translatable", "use photos of one size and crop mode"),
    QT_TRANSLATE_NOOP("Translatable", "values as they are stored"),
    QT_TRANSLATE_NOOP("Translatable", "values with a sign: convert it to unsigned ones"),
    QT_TRANSLATE_NOOP("Translatable", "want [[lens]], in two brackets"),
    QT_TRANSLATE_NOOP("Translatable", "want a list"),
    QT_TRANSLATE_NOOP("Translatable", "want a number"),
    QT_TRANSLATE_NOOP("Translatable", "want a table of keys and values"),
    QT_TRANSLATE_NOOP("Translatable", "want a whole number"),
    QT_TRANSLATE_NOOP("Translatable", "want one of {choices}"),
    QT_TRANSLATE_NOOP("Translatable", "want rows x columns, e.g. 8x8"),
    QT_TRANSLATE_NOOP("Translatable", "want text"),
    QT_TRANSLATE_NOOP("Translatable", "want true or false"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "where faces are is not copied, as the photo is turned upright"
    ),
    QT_TRANSLATE_NOOP("Translatable", "with one average kernel"),
    QT_TRANSLATE_NOOP("Translatable", "with these kernels"),
    QT_TRANSLATE_NOOP("Translatable", "without any blur"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "worker {worker} has lenscal {other}, here is {own}: install one version"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "wrong aperture: it says {aperture}, the other photos of its folder f/{usual:g}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "you are not allowed to read it"),
    QT_TRANSLATE_NOOP("Translatable", "you left it out"),
    QT_TRANSLATE_NOOP("Translatable", "{aperture} at {focal_mm:g} mm"),
    QT_TRANSLATE_NOOP("Translatable", "{aperture}: {photos}"),
    QT_TRANSLATE_NOOP("Translatable", "{bits} bit a value: photos have at least 8"),
    QT_TRANSLATE_NOOP("Translatable", "{case}: measured before"),
    QT_TRANSLATE_NOOP("Translatable", "{case}: stopped"),
    QT_TRANSLATE_NOOP("Translatable", "{case}: stopped while its photos were taken"),
    QT_TRANSLATE_NOOP("Translatable", "{case}: the photos are there"),
    QT_TRANSLATE_NOOP("Translatable", "{case}: the program ended with code {code}"),
    QT_TRANSLATE_NOOP("Translatable", "{case}: {step}"),
    QT_TRANSLATE_NOOP("Translatable", "{case}: {why}"),
    QT_TRANSLATE_NOOP("Translatable", "{clipped:.0%} of the picture is blown out"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{count} calibrations are more than one file holds ({most}): join fewer"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{cut} of {offsets} {pieces} of picture data are missing"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{device} is there but does not work ({failure}): another device computes"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{differences} (--force corrects it all the same)"),
    QT_TRANSLATE_NOOP("Translatable", "{done} of {count} calibrations done, {n} running"),
    QT_TRANSLATE_NOOP("Translatable", "{family}, sigma {sigma:g}, {constraint}: "),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{file} is no photo, folder, project ({project}) or profile (.lenscal)"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{file}: cannot resume from this checkpoint ({error}); delete it to start anew"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{file}: not a photo that can be read"),
    QT_TRANSLATE_NOOP("Translatable", "{first} and {last}"),
    QT_TRANSLATE_NOOP("Translatable", "{focal_mm:g} mm"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{focal_mm:g} mm is outside {low:g} to {high:g} mm, which were photographed"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{folder} cannot be made ({why}): choose another place with --folder"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{folder} could not be written: {why}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{folder} holds no {name}: give the folder that holds psf_R, psf_G and psf_B.fits"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{folder} is there and no result of lenscal batch: not replaced; choose another "
        "--out, or another name for the lens"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{folder}: a photo's metadata could not be written there ({problem})"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{folder}: no photo (JPEG, PNG or TIFF) that can be read"),
    QT_TRANSLATE_NOOP("Translatable", "{folder}: there is no such folder"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{folder}: two folders need at least {least} photos each to be painted from; give a "
        "folder of 100 photos or more (JPEG or PNG)"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{folder}: {error}; {megabytes:.0f} MB are needed there: make room"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{frames} {role} photos are ready"),
    QT_TRANSLATE_NOOP("Translatable", "{job} is still running: wait for it or cancel it first"),
    QT_TRANSLATE_NOOP("Translatable", "{kernels} kernels: "),
    QT_TRANSLATE_NOOP("Translatable", "{kind} {number}, sigma {sigma:g}: "),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{lens} opens to f/{widest:g}; choose apertures from there on"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{lens}, ISO {iso}: "),
    QT_TRANSLATE_NOOP("Translatable", "{method}"),
    QT_TRANSLATE_NOOP("Translatable", "{method}, {name} kernels: "),
    QT_TRANSLATE_NOOP("Translatable", "{method}: {name}"),
    QT_TRANSLATE_NOOP("Translatable", "{names} and {more} more"),
    QT_TRANSLATE_NOOP("Translatable", "{names} and {n} more are no photos: left out"),
    QT_TRANSLATE_NOOP("Translatable", "{names} are no photos: left out"),
    QT_TRANSLATE_NOOP("Translatable", "{names} is no photo: left out"),
    QT_TRANSLATE_NOOP("Translatable", "{names}: {cause} {often}; {rests}"),
    QT_TRANSLATE_NOOP("Translatable", "{name} ({number} of {count})"),
    QT_TRANSLATE_NOOP("Translatable", "{name} -> {output} ({seconds:.1f} s)"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{name} -> {output} ({seconds:.1f} s; kernel of {first:.2f} x {second:.2f} px)"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{name} and {twice} more are in both lists: choose two folders, one of sharp and one "
        "of degraded photos (or one folder with --aperture-sharp and --aperture-degraded)"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{name} beside the RAW photos is left out: RAW photos come first"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{name} does not say its focal length, and the others have several: leave it out, or "
        "calibrate it again with --focal"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{name} holds a kernel that is not finite or sums to 0"),
    QT_TRANSLATE_NOOP("Translatable", "{name} holds more files than any of lenscal's: not opened"),
    QT_TRANSLATE_NOOP("Translatable", "{name} holds values that are no numbers"),
    QT_TRANSLATE_NOOP("Translatable", "{name} is a corrected photo, or a mask: left out"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{name} is among the sharp and among the blurred photos: choose other photos for one "
        "of them"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{name} is in both lists: choose other photos for one of them"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{name} is not a readable PSF file: its {key} are {kind} {shape}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{name} is not a readable PSF file: {reason}"),
    QT_TRANSLATE_NOOP("Translatable", "{name} is not of the same lens as {first}: {what}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{name} kernels must be [n, 3, k, k] with k odd and below {limit}, got {shape}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{name} lacks {arrays}: not a PSF file of lenscal"),
    QT_TRANSLATE_NOOP("Translatable", "{name} was not enlarged: {problem}"),
    QT_TRANSLATE_NOOP("Translatable", "{name} was not written: {problem}"),
    QT_TRANSLATE_NOOP("Translatable", "{name} {distance:.4g}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{name}: an array must be numbers [height, width, 3], got {kind} {shape}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{name}: image_size is {values}, want height and width"),
    QT_TRANSLATE_NOOP("Translatable", "{name}: it is smaller than {side} px, flat or clipped"),
    QT_TRANSLATE_NOOP("Translatable", "{name}: its photo is said to have {width} x {height} px"),
    QT_TRANSLATE_NOOP("Translatable", "{name}: its {key} are more than lenscal handles"),
    QT_TRANSLATE_NOOP("Translatable", "{name}: not enlarged: {problem}"),
    QT_TRANSLATE_NOOP("Translatable", "{name}: nothing tells which lens it is of"),
    QT_TRANSLATE_NOOP("Translatable", "{name}: reading"),
    QT_TRANSLATE_NOOP("Translatable", "{name}: smaller than {px} px, left out"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{name}: the library {folder} holds no profile of that name (it holds: {names})"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{name}: the node positions do not form a rectangular grid"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{name}: want finite positions {expected} of its kernels, got {shape}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{name}: writing"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{name}: {differences} (force=True corrects it all the same)"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{name}: {reason}"),
    QT_TRANSLATE_NOOP("Translatable", "{name}: {why}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{name}…: a name of {count} bytes, where {most} are the most: {advice}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{number:g}: want a number above 0"),
    QT_TRANSLATE_NOOP("Translatable", "{n} corrected photos and masks are left out"),
    QT_TRANSLATE_NOOP("Translatable", "{n} kernels drawn for it agree by {agreement:.0%}"),
    QT_TRANSLATE_NOOP("Translatable", "{n} more photos were left out"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{n} of {m} photos were written to {out}; the others were not."
    ),
    QT_TRANSLATE_NOOP("Translatable", "{n} of {m} photos written to {out}"),
    QT_TRANSLATE_NOOP("Translatable", "{n} photos"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{n} photos of at least {px} x {px} px: give {least} or more with --photos"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{n} photos of at least {width} x {height} px: give {least} or more"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{n} pictures beside the RAW photos, like {name}, are left out: RAW photos come first"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{n} values a pixel: grey and RGB pictures can be used"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{n} workers were lost with it, most likely for lack of memory: give them more"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{n} {role} photos show anything: give {least} or more, better hundreds, each of "
        "which has a blur of its own"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{n} {role} photos, like {name}: {note}"),
    QT_TRANSLATE_NOOP("Translatable", "{offsets} {pieces}, but {lengths} lengths"),
    QT_TRANSLATE_NOOP("Translatable", "{one} is not {other}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{option} is for the pictures of --photo: add --photo PHOTO, or leave it out"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{option} {aperture:g}: no {role} photo has this aperture; there are {groups}: choose"
        " one of these, or leave {option} out"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{option} {text}: give two numbers with an x in between, e.g. 8x8"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{option}: give one with --measure"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{own} px instead of {whole}: other margins, the same sensor"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{own} px, each {pitch:.2g} times as large: the kernels for {whole} px were brought "
        "to them"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{pairs} scenes seem to be in both folders: pairs are compared pixel by pixel, the "
        "surest way there is; expect nearly all that a correction can give"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{pairs} scenes seem to be in both folders: pairs are compared pixel by pixel; two or"
        " three more would cover the field better"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{pairs} scenes stand in both folders: they are compared directly"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{part} of {photo} could not be copied ({problem})"),
    QT_TRANSLATE_NOOP("Translatable", "{path} cannot be read as a photo: {reason}"),
    QT_TRANSLATE_NOOP("Translatable", "{path} cannot be read: {reason}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} contains the path {entry!r}, which points outside it: not opened"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path} could not be written as PDF"),
    QT_TRANSLATE_NOOP("Translatable", "{path} could not be written: choose another folder"),
    QT_TRANSLATE_NOOP("Translatable", "{path} could not be written: {why}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} does not say which camera it is for: no photo would find it"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} exists: choose --on-conflict unique, overwrite or skip"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} has schema version {schema!r}, this lenscal reads {version}: {advice}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} holds neither psf_R.fits, psf_G.fits and psf_B.fits nor psf.npz"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} holds no kernel ({reason}): give an npz file with an array kernel [k, k]"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} holds {count} files, a profile has at most {most}: not opened"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path} is a folder: give a file"),
    QT_TRANSLATE_NOOP("Translatable", "{path} is a folder: give a profile or a photo"),
    QT_TRANSLATE_NOOP("Translatable", "{path} is a folder: name one RAW photo or picture in it"),
    QT_TRANSLATE_NOOP("Translatable", "{path} is a pipe, a device or a socket: give a plain file"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} is a zip file but not a lenscal profile: it holds no profile.json"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} is another photo of this batch: choose --on-conflict unique, overwrite or "
        "skip"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path} is damaged (it has no {part}): {advice}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} is damaged, its contents cannot be understood: {reason}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path} is damaged: it holds no {entry}"),
    QT_TRANSLATE_NOOP("Translatable", "{path} is damaged: {entry} has another size than stated"),
    QT_TRANSLATE_NOOP("Translatable", "{path} is damaged: {entry}: {reason}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} is larger than such files are ({most:.0f} MB): choose another file"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} is no checkpoint of lenscal's: calibrate without --resume to start anew"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} is no photo: name a RAW photo (.CR3, .NEF, .ARW, .DNG, ...) or a picture "
        "(.png, .jpg, .tif)"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path} is no plain file: choose another name or folder"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} is no population of kernels, or it is damaged: make one with lenscal "
        "population"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} is no profile: a network is kept in one; calibrate to get LENS.lenscal"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path} is no project of lenscal's: choose a {suffix} file"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} is not a lenscal profile, or it is damaged: {reason}"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path} is not a readable FITS file"),
    QT_TRANSLATE_NOOP("Translatable", "{path} is not a readable FITS file: it is cut off"),
    QT_TRANSLATE_NOOP("Translatable", "{path} is not a readable FITS file: its header has no end"),
    QT_TRANSLATE_NOOP("Translatable", "{path} is not a readable FITS file: no such sizes exist"),
    QT_TRANSLATE_NOOP("Translatable", "{path} is not a readable FITS file: {reason}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} is of another PSF than psf_R.fits: export them again"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} is protected against writing: choose another name or folder"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path} is the original, which lenscal never overwrites"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} is the original, which lenscal never overwrites: choose another --template"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path} is there already: choose an empty folder"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} is there and not lenscal's own, so it is never overwritten: choose another "
        "name or folder"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path} was not written: {why}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path} would unpack from {packed} to {total} bytes (a zip bomb?): not opened"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path}, line {line}: {problem}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}, {where} and {other}: both results would be called {name}; give the copies of"
        " a lens a copy each (copy = ...), or other names"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path}, {where}, key {key}: {problem}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}: OVERSAMP is {oversampling!r}, want a number from 1 to {most}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}: a kernel holds values that are not finite, or does not sum to a positive "
        "number"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path}: a node position is not finite"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}: another lenscal that is running writes it; wait, or choose another name"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}: another lenscal that is running writes it; wait, or save a copy in step 6"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}: another program has written a file of that name meanwhile; try again"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path}: it names no lens; docs/manifest.md has an example"),
    QT_TRANSLATE_NOOP("Translatable", "{path}: its FITS header is damaged: {reason}"),
    QT_TRANSLATE_NOOP("Translatable", "{path}: its kernel is not finite, or sums to 0"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}: its kernel is {shape}, want [k, k] with at most {most} px a side"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}: its node positions differ from those of psf_R.fits"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path}: its profile.json is not one of lenscal's"),
    QT_TRANSLATE_NOOP("Translatable", "{path}: more than {most} calibrations"),
    QT_TRANSLATE_NOOP("Translatable", "{path}: not UTF-8 text; save it as UTF-8"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}: the current folder no longer exists; go to another one, or give the whole "
        "path"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}: the kernels of its {count} calibrations are more than lenscal handles"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path}: there is a file of that name by now; try again"),
    QT_TRANSLATE_NOOP("Translatable", "{path}: there is no such file"),
    QT_TRANSLATE_NOOP("Translatable", "{path}: there is no such file or folder"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}: there is no such file: name a RAW photo or a picture"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path}: there is no such folder"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}: want a cube [N, y, x] of kernels, or one kernel [y, x], got {shape}"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}: {count} kernels of {side} px are more than lenscal handles"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{path}: {entry} would unpack to {size:.0f} MiB, more than such files hold: not "
        "opened"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{path}: {key} is {text!r}, want \"(y, x)\" in px"),
    QT_TRANSLATE_NOOP("Translatable", "{path}: {problem}"),
    QT_TRANSLATE_NOOP("Translatable", "{photo}: "),
    QT_TRANSLATE_NOOP("Translatable", "{photo}: not a picture that can be read"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{photo}: {differences}: choose an uncorrected photo of this lens"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{photo}: {reason}: choose another photo"),
    QT_TRANSLATE_NOOP("Translatable", "{pieces} of picture data are blank"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{problem}; it was kept as {rescued}: make room and copy it from there"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{reasons} (--force restores it all the same)"),
    QT_TRANSLATE_NOOP("Translatable", "{reason}"),
    QT_TRANSLATE_NOOP("Translatable", "{reason} ({detail})"),
    QT_TRANSLATE_NOOP("Translatable", "{role} photo kept: {name}, but {reason}"),
    QT_TRANSLATE_NOOP("Translatable", "{role} photo left out: {name}: {reason}"),
    QT_TRANSLATE_NOOP("Translatable", "{role} photo {name}: {note}"),
    QT_TRANSLATE_NOOP("Translatable", "{role} photos: {note}"),
    QT_TRANSLATE_NOOP("Translatable", "{role} photos: {source}"),
    QT_TRANSLATE_NOOP("Translatable", "{share:.0%} above"),
    QT_TRANSLATE_NOOP("Translatable", "{share:.0%} below"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{share:.0%} of the rows are blank: the file is cut off or damaged"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{share:.0%} to the left"),
    QT_TRANSLATE_NOOP("Translatable", "{share:.0%} to the right"),
    QT_TRANSLATE_NOOP("Translatable", "{sidecar} could not be read ({reason}): not copied"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{sides}: a tilted or decentred element, or a tilted sensor"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{softer} side a little softer than {sharper} (MTF50 {lower:.0%} lower at the edge)"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{softer} side much softer than {sharper} (MTF50 {lower:.0%} lower at the edge)"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{title} (of {n} running): {message}"),
    QT_TRANSLATE_NOOP("Translatable", "{title} ({number} of {count}): "),
    QT_TRANSLATE_NOOP("Translatable", "{value}: {photos}, e.g. {name}"),
    QT_TRANSLATE_NOOP("Translatable", "{value}: {problem}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{wanted} is wider than {widest}, the widest aperture that was photographed: what its"
        " outer rays do is not known"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{what} is damaged ({problem}): {advice}"),
    QT_TRANSLATE_NOOP("Translatable", "{what} is damaged, it holds no JSON ({problem}): {advice}"),
    QT_TRANSLATE_NOOP("Translatable", "{what}, photo {number} of {shots}"),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{what}: check that it exists, is writable and has free space, or choose another "
        "place"
    ),
    QT_TRANSLATE_NOOP(
        "Translatable",
        "{where}: {state}; choose a folder of RAW photos (.CR3, .NEF, .ARW, .DNG, ...) or "
        "pictures (.png, .jpg, .tif)"
    ),
    QT_TRANSLATE_NOOP("Translatable", "{width} x {height} px: too large"),
    QT_TRANSLATE_NOOP("Translatable", "{width} x {height} px: too small"),
    QT_TRANSLATE_NOOP("Translatable", "“{name}” is not valid and was reset to its default"),
)
