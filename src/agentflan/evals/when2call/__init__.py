"""When2Call (arXiv 2504.18851): its records, and which of its four behaviours a reply shows."""
