//! Gathers the parameters of one channel's families from where the layout put them.

use crate::transform::MOST_PARAMETERS;

use super::{
    layout::ChannelPlaces,
    media::{ShapeSlopes, Shapes},
};

/// Room for the parameters of one channel.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ShapeValues {
    adstock: [f64; MOST_PARAMETERS],
    saturation: [f64; MOST_PARAMETERS],
}

impl ShapeValues {
    /// Reads the parameters of a channel from a whole vector of constrained ones.
    pub(crate) fn read(&mut self, places: &ChannelPlaces, values: &[f64]) -> Shapes<'_> {
        self.read_with(places, |place| values[place])
    }

    /// As [`read`](Self::read), from anything that has a value for every place.
    pub(crate) fn read_with(&mut self, places: &ChannelPlaces, value: impl Fn(usize) -> f64) -> Shapes<'_> {
        for (own, place) in self.adstock.iter_mut().zip(&places.adstock) {
            *own = value(*place);
        }
        for (own, place) in self.saturation.iter_mut().zip(&places.saturation) {
            *own = value(*place);
        }
        self.slices((places.adstock.len(), places.saturation.len()))
    }

    /// From the parameters in the order of the families.
    pub(crate) fn of(adstock: impl Iterator<Item = f64>, saturation: impl Iterator<Item = f64>) -> Self {
        let mut values = Self::default();
        values.adstock.iter_mut().zip(adstock).for_each(|(own, value)| *own = value);
        values.saturation.iter_mut().zip(saturation).for_each(|(own, value)| *own = value);
        values
    }

    /// The first so many parameters of adstock and saturation.
    pub(crate) fn slices(&self, (adstock, saturation): (usize, usize)) -> Shapes<'_> {
        Shapes { adstock: &self.adstock[..adstock], saturation: &self.saturation[..saturation] }
    }
}

impl ShapeSlopes {
    /// Every derivative with the place of its parameter.
    pub(super) fn by_place<'a>(
        &'a self,
        places: &'a ChannelPlaces,
    ) -> impl Iterator<Item = (usize, f64)> + 'a {
        let adstock = places.adstock.iter().copied().zip(self.adstock);
        adstock.chain(places.saturation.iter().copied().zip(self.saturation))
    }
}
