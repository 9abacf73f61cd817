//! What is true of SQLite alone.
