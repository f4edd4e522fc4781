//! Rebuilt beside, compared, switched in one step; whatever goes wrong leaves the served copy served.

mod leftovers;
mod paths;
pub(crate) mod rig;
mod switching;
