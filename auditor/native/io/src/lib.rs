//! Where frames come from and go to: the only crate that opens files and sockets.
