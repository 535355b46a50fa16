//! `certhooks doctor`.
