//! Scripts in their room: what they can say, and what they cannot do.
