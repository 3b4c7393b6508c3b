//! How spend becomes pressure: carry-over in time ([`adstock`]) and diminishing returns
//! ([`saturation`]), each with its value and its derivatives in closed form.
//!
//! Both follow PyMC-Marketing's definitions, so a model moved from there keeps its numbers.

pub mod adstock;
pub mod saturation;
