"""What changes environments: plans, jobs, and what keeps both from losing anything."""
