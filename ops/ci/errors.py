"""What stops `python -m ops ci`."""


class PipelineError(Exception):
    """Something that a pipeline needs isn't there or is refused; one line with what to do."""
