"""Artifacts on disk: HDF5 through h5py and numpy, typed, versioned, atomic, checked before allocation."""
