"""The settings of the ingest service."""

from datetime import timedelta

from pydantic import Field, SecretStr

from service_kit.settings import GrpcServerSettings, Port


class IngestSettings(GrpcServerSettings):
    """What the ingest service reads."""

    ingest_port: Port = Field(50051, description="The port of its RPCs")
    ingest_metrics_port: Port = Field(9101, description="The port of its /metrics")
    database_url: SecretStr = Field(description="postgresql://user:password@host:port/name")
    redis_url: SecretStr = Field(description="redis://:password@host:port/0")
    storage_url: str = Field(
        description="file:///folder, s3://bucket/prefix, gs://…, az://… or memory://"
    )
    upload_buffer_bytes: int = Field(
        256 * 1024 * 1024,
        ge=8 * 1024 * 1024,
        description="The most that uploads may hold in memory at once, in bytes",
    )
    bulk_batch_files: int = Field(
        20, ge=1, description="From how many files on a batch waits in the bulk lane"
    )
    owner_quota: int = Field(
        0, ge=0, description="Bytes of originals that one owner may have stored; 0: no limit"
    )
    retention_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="Days for which ended photos are kept; 0 keeps them for ever",
    )
    grpc_reflection: bool = Field(
        False,  # noqa: FBT003 - a default, not an argument
        description="Whether clients such as grpcurl may ask for the contract",
    )

    @property
    def retention(self) -> timedelta | None:
        """How long photos are kept after their end; None for ever."""
        return timedelta(days=self.retention_days) if self.retention_days else None
