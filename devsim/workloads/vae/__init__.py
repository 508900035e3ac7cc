"""The decoder of Open-Sora 1.2's autoencoder: along time, then in each frame."""

from devsim.workloads.vae.spatial import SpatialSize, vae_spatial_stage
from devsim.workloads.vae.temporal import TemporalSize, vae_temporal_stage

__all__ = ["SpatialSize", "TemporalSize", "vae_spatial_stage", "vae_temporal_stage"]
