"""Validation of the batch group: Jobs, what their policies say, their status, and CronJobs."""
