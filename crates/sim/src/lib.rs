//! The drill: three real services, real devices, and an adversary who tries each promise in turn.
//!
//! Everybody runs the code that people run: the services of `trefoil-server` with their listeners, the devices of the
//! binary with their stores. What is the adversary's own is here and nowhere else: what stands [`between`] a device and
//! its service, devices that are [`forge`]d, a [`false_directory`] under a service's real keys, hands in a service's
//! store ([`world`]). [`attacks`] puts them together, and [`table`] prints what came of it. The [`spam`] run is apart: it
//! counts who gets through.

pub mod attack;
pub mod attacks;
pub mod between;
pub mod false_directory;
pub mod forge;
pub mod person;
pub mod spam;
pub mod table;
pub mod world;
