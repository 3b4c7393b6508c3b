//! What this crate can draw from: a density over the whole of `R^n`, and what its positions mean.

/// A log density with its gradient, with room for its evaluation.
pub(crate) trait LogDensity {
    /// The length of a position.
    fn dimensions(&self) -> usize;

    /// The log density; writes its gradient without allocating. Where it is not finite, so is the result,
    /// and there is no panic.
    fn log_density(&mut self, position: &[f64], gradient: &mut [f64]) -> f64;
}

/// Translates positions into what a fit keeps of them.
pub(crate) trait Recorder {
    /// Writes the parameters on their own scale, and every medium's contribution over all periods in KPI
    /// units.
    fn record(&mut self, position: &[f64], parameters: &mut [f64], contributions: &mut [f64]);
}

/// A model bound to its data.
pub(crate) trait Target: Sync {
    /// A density of one's own, for one thread.
    fn density(&self) -> Box<dyn LogDensity>;

    /// A recorder of one's own, for one thread.
    fn recorder(&self) -> Box<dyn Recorder>;

    /// A position to start from.
    fn center(&self) -> Vec<f64>;

    /// The names of the parameters.
    fn names(&self) -> &[String];

    /// How many contributions are kept.
    fn contributions(&self) -> usize;
}
