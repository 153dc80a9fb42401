"""What a bundle's programs start: the command line, or the window under the name
lenscal-window."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # On Linux lenscal-window is a link to lenscal.
    if Path(sys.argv[0]).stem == "lenscal-window":
        from lenscal.gui.app import main
    else:
        from lenscal.cli import main
    sys.exit(main())
