//! Specs of every row of the table, and of every sentence beneath it.
