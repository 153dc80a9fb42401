"""Jobs that a dialog asks for, and shows what comes of them."""
