//! Zipf's law over any number of ranks, without a table: Hörmann and Derflinger's rejection-inversion.

use super::random::Draws;

#[derive(Debug)]
pub(super) struct Zipf {
    ranks: f64,
    exponent: f64,
    area_first: f64,
    area_all: f64,
    squeeze: f64,
}

impl Zipf {
    pub(super) fn new(ranks: f64, exponent: f64) -> Self {
        let mut zipf = Self { ranks, exponent, area_first: 0.0, area_all: 0.0, squeeze: 0.0 };
        zipf.area_first = zipf.area(1.5) - 1.0;
        zipf.area_all = zipf.area(ranks + 0.5);
        zipf.squeeze = 2.0 - zipf.area_inverse(zipf.area(2.5) - zipf.height(2.0));
        zipf
    }

    /// A rank from 1 up. The share of rejected draws is small for every exponent.
    pub(super) fn draw(&self, draws: &mut Draws) -> f64 {
        loop {
            let area = self.area_all + draws.inner_unit() * (self.area_first - self.area_all);
            let x = self.area_inverse(area);
            let rank = (x + 0.5).floor().clamp(1.0, self.ranks);
            if rank - x <= self.squeeze || area >= self.area(rank + 0.5) - self.height(rank) {
                return rank;
            }
        }
    }

    fn height(&self, x: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(x))
    }

    /// The integral of `height` up to `x`.
    fn area(&self, x: f64) -> f64 {
        let log = libm::log(x);
        let power = (1.0 - self.exponent) * log;
        log * if power.abs() > 1e-8 { libm::expm1(power) / power } else { 1.0 + power / 2.0 }
    }

    fn area_inverse(&self, area: f64) -> f64 {
        let power = (area * (1.0 - self.exponent)).max(-1.0);
        let log = if power.abs() > 1e-8 { libm::log1p(power) / power } else { 1.0 - power / 2.0 };
        libm::exp(log * area)
    }
}
