//! What the protocol looks like on the wire, that it survives the way there and back in both codecs,
//! and that hostile bytes get an error.

mod arbitrary;
mod samples;

mod golden;
mod hostile;
mod round_trip;
