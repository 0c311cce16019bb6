//! YAML and JSON streams of Kubernetes objects, and Secrets to SealedSecrets and back.
