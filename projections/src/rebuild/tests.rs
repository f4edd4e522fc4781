//! Rebuilt beside, compared, switched in one step; whatever goes wrong leaves the served copy served.

mod leftovers;
mod paths;
mod rig;
mod switching;
