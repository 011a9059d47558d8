# The image of `seal.unsealer` (docs/seals.md): `python -m ops unseal --watch`, and no more of the program than that needs.
FROM python:3.11-slim
WORKDIR /strongroom
COPY requirements.txt ./
RUN pip install --no-cache-dir --constraint requirements.txt boto3 cryptography hvac pydantic tenacity typer
COPY components ./components
COPY custody ./custody
COPY mistakes ./mistakes
COPY ops ./ops
COPY reach ./reach
USER 100:1000
CMD ["python", "-m", "ops", "unseal", "--help"]
