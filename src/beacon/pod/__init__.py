"""Reads manifests of Kubernetes: what a kubelet would start, and how."""
