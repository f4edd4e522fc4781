//! The rules of layout, manifests and names: what a reviewer would otherwise have to look for in every change.

mod layout;
mod licences;
mod manifests;
mod requirements;
mod sources;
mod tree;
