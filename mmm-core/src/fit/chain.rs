//! What this crate asks of a sampler. The sampler itself stays behind this trait.

/// One chain of a sampler that adapts for a while and then draws.
pub(super) trait Chain {
    /// Moves once and writes the position, in the sampler's coordinates.
    fn advance(&mut self, position: &mut [f64]) -> Result<Move, String>;
}

/// What happened in a move.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    /// Whether the trajectory left the region in which it can be trusted.
    pub(super) diverged: bool,
    /// The total energy at the new position; NaN where the sampler does not say.
    pub(super) energy: f64,
    /// How often the density was evaluated.
    pub(super) gradients: u64,
}
