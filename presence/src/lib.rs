//! Ephemeral facts: who is here and who is typing. Pure: time is an argument, nothing is awaited.
