//! A real control plane on loopback, and the end-to-end and interoperability tests that run on it.
