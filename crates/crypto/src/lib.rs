//! Keys, scopes and sealed values: every value is a plain age file.
