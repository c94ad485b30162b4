"""What is done from time to time, and not because somebody asks for it."""

from vkpay_async.jobs.loop import JobLoop
from vkpay_async.jobs.schedule import JOBS, Job, JobCounts, run_once

__all__ = ["JOBS", "Job", "JobCounts", "JobLoop", "run_once"]
