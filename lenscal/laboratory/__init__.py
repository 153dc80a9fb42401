"""Many lenses from a manifest: profiles, reports, PSF files and one table (`lenscal batch`).

One computer does one calibration after the other, each on all cores; on a Dask cluster each worker
does one at a time. Either way all that is known of a calibration lies in its own folder below
`--out`, put there in one step, so that a batch can be torn off anywhere and run again.
"""
