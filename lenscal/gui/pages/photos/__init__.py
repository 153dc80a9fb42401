"""Parts of the first two steps' pages: photos that are chosen and checked."""
