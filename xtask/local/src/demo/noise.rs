//! Numbers that look random and are the same on every run and machine.

/// SplitMix64: short, and good enough for pictures and signals.
/// <https://dl.acm.org/doi/10.1145/2714064.2660195>
pub(super) struct Noise(u64);

impl Noise {
    /// Creates a generator. Each seed gives different noise.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number, from 0 up to but not including 1.
    pub(super) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        f64::from(u32::try_from(mixed >> 32).unwrap_or_default()) / 4_294_967_296.0
    }

    /// Returns the next number, from `low` up to but not including `high`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}

#[cfg(test)]
mod tests {
    use super::Noise;

    #[test]
    fn seed_determines_the_numbers() {
        let draw = |seed| {
            let mut noise = Noise::new(seed);
            (0..1000).map(|_| noise.between(-2.0, 3.0)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).iter().all(|number| (-2.0..3.0).contains(number)));
        assert!(draw(1).iter().any(|number| *number < -1.5) && draw(1).iter().any(|number| *number > 2.5));
    }
}
