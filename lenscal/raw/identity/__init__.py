"""Whether two photos come from one camera and one lens, whatever these are called."""
