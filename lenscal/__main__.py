from lenscal.cli import main

raise SystemExit(main())
