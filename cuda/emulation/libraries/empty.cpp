/* empty.cpp: a library that others want to be there, and of which nothing is called. */
