//! A 64-bit hash that is the same on every machine: FNV-1a. It tells whether two things are the same and
//! whether a file is whole. It is no cryptographic hash.

/// The hash of what was added so far.
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) const fn value(&self) -> u64 {
        self.0
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The length goes first, so that two columns cannot be mistaken for one.
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(&(text.len() as u64).to_le_bytes());
        self.bytes(text.as_bytes());
    }

    pub(crate) fn numbers(&mut self, numbers: &[f64]) {
        self.bytes(&(numbers.len() as u64).to_le_bytes());
        for number in numbers {
            self.bytes(&number.to_bits().to_le_bytes());
        }
    }
}
