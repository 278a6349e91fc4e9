//! Where the elements of a view lie in its buffer: origin, shape, strides.
//!
//! A grid is checked against its buffer when it is made, and everything that
//! is derived from it (windows, permuted dimensions, broadcasts) reaches no
//! farther, so whoever holds one may rely on it. Sums are made in 128 bits,
//! where no shape and stride overflow.

use crate::error::RuntimeError;
use kiln_interp::Geometry;
use kiln_ir::ArrayType;

/// The most dimensions of a view.
pub(crate) const RANK_MAX: usize = ArrayType::RANK_MAX as usize;

/// Where the elements of a view lie in its buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Grid {
    rank: u8,
    geometry: Geometry,
}

impl Grid {
    /// Elements side by side, row-major, as many as the buffer has.
    pub(crate) fn contiguous(buffer: usize, shape: &[usize]) -> Result<Grid, RuntimeError> {
        let elements = shape
            .iter()
            .try_fold(1usize, |product, &extent| product.checked_mul(extent));
        match elements {
            Some(elements) if elements == buffer => {
                let strides = row_major(shape);
                let rank = shape.len().min(RANK_MAX);
                Grid::strided(buffer, 0, shape, &strides[..rank])
            }
            _ => Err(RuntimeError::Elements {
                shape: shape.to_vec(),
                found: buffer,
            }),
        }
    }

    /// Element `(i, j, ..)` at `origin + i * strides[0] + j * strides[1] + ..`.
    pub(crate) fn strided(
        buffer: usize,
        origin: usize,
        shape: &[usize],
        strides: &[isize],
    ) -> Result<Grid, RuntimeError> {
        if shape.len() > RANK_MAX {
            return Err(RuntimeError::Limit {
                what: "dimensions",
                found: shape.len(),
                limit: RANK_MAX,
            });
        }
        if strides.len() != shape.len() {
            return Err(RuntimeError::Count {
                what: "strides",
                expected: shape.len(),
                found: strides.len(),
            });
        }
        let grid = Grid::raw(origin, shape, strides);
        match grid.reach() {
            None => Ok(Grid::raw(0, shape, &[0; RANK_MAX][..shape.len()])),
            Some((least, greatest)) => {
                check_reach(buffer, least)?;
                check_reach(buffer, greatest)?;
                Ok(grid)
            }
        }
    }

    /// All elements of a buffer, one after the other.
    #[inline]
    pub(crate) fn line(len: usize) -> Grid {
        Grid {
            rank: 1,
            geometry: Geometry::slice(len),
        }
    }

    fn raw(origin: usize, shape: &[usize], strides: &[isize]) -> Grid {
        let mut geometry = Geometry {
            origin,
            shape: [1; RANK_MAX],
            strides: [0; RANK_MAX],
        };
        geometry.shape[..shape.len()].copy_from_slice(shape);
        geometry.strides[..strides.len()].copy_from_slice(strides);
        Grid {
            rank: shape.len() as u8,
            geometry,
        }
    }

    #[inline]
    pub(crate) fn rank(&self) -> usize {
        self.rank.into()
    }

    #[inline]
    pub(crate) fn shape(&self) -> &[usize] {
        &self.geometry.shape[..self.rank()]
    }

    #[inline]
    pub(crate) fn strides(&self) -> &[isize] {
        &self.geometry.strides[..self.rank()]
    }

    #[inline]
    pub(crate) fn geometry(&self) -> Geometry {
        self.geometry
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.shape().contains(&0)
    }

    /// Number of elements. A broadcast may have more than fit in memory.
    pub(crate) fn len(&self) -> usize {
        self.shape().iter().fold(1, |n, &e| n.saturating_mul(e))
    }

    /// Where the elements of a grid of one dimension begin and how many there
    /// are, if they lie side by side: what slices are.
    #[inline]
    pub(crate) fn as_line(&self) -> Option<(usize, usize)> {
        let Geometry {
            origin,
            shape,
            strides,
        } = &self.geometry;
        (self.rank == 1 && strides[0] == 1).then_some((*origin, shape[0]))
    }

    /// Least and greatest index into the buffer; `None` without elements.
    pub(crate) fn reach(&self) -> Option<(i128, i128)> {
        if self.is_empty() {
            return None;
        }
        let (mut least, mut greatest) =
            (self.geometry.origin as i128, self.geometry.origin as i128);
        for (&extent, &stride) in self.shape().iter().zip(self.strides()) {
            let reach = (extent as i128 - 1) * stride as i128;
            least += reach.min(0);
            greatest += reach.max(0);
        }
        Some((least, greatest))
    }

    /// Whether the elements lie side by side, row-major. Strides of
    /// dimensions with one element do not count.
    #[inline]
    pub(crate) fn is_contiguous(&self) -> bool {
        self.as_line().is_some() || self.is_row_major()
    }

    fn is_row_major(&self) -> bool {
        self.is_empty()
            || self
                .shape()
                .iter()
                .zip(self.strides())
                .zip(row_major(self.shape()))
                .all(|((&extent, &stride), wanted)| extent == 1 || stride == wanted)
    }

    /// Whether each element has a place of its own: ordered by size, each
    /// stride steps over all that the smaller ones reach. That refuses a few
    /// grids whose dimensions interleave without meeting, which no slicing of
    /// an array makes.
    pub(crate) fn is_injective(&self) -> bool {
        if self.is_empty() {
            return true;
        }
        let mut steps = [(0u128, 0u128); RANK_MAX];
        let dims = self.shape().iter().zip(self.strides());
        for (step, (&extent, &stride)) in steps.iter_mut().zip(dims) {
            if extent > 1 {
                *step = (stride.unsigned_abs() as u128, extent as u128 - 1);
            }
        }
        steps.sort_unstable();
        let mut reach = 0;
        steps
            .iter()
            .filter(|step| step.1 > 0)
            .all(|&(stride, more)| {
                let is_beyond = stride > reach;
                reach += stride * more;
                is_beyond
            })
    }

    /// Where an element lies in the buffer; `None` outside the shape.
    pub(crate) fn locate(&self, index: &[usize]) -> Option<usize> {
        if index.len() != self.rank() {
            return None;
        }
        let mut at = self.geometry.origin;
        for ((&i, &extent), &stride) in index.iter().zip(self.shape()).zip(self.strides()) {
            if i >= extent {
                return None;
            }
            at = at.wrapping_add_signed((i as isize).wrapping_mul(stride));
        }
        Some(at)
    }

    /// `len` elements of dimension `dim` from `start` on, `step` apart.
    pub(crate) fn window(
        &self,
        dim: usize,
        start: usize,
        step: isize,
        len: usize,
    ) -> Result<Grid, RuntimeError> {
        self.check_dimension(dim)?;
        let extent = self.shape()[dim];
        if len > 0 {
            let last = start as i128 + (len as i128 - 1) * step as i128;
            check_reach(extent, start as i128)?;
            check_reach(extent, last)?;
        }
        let mut grid = *self;
        let stride = self.geometry.strides[dim];
        grid.geometry.shape[dim] = len;
        if grid.is_empty() {
            return Ok(grid);
        }
        let skipped = (start as isize).wrapping_mul(stride);
        grid.geometry.origin = self.geometry.origin.wrapping_add_signed(skipped);
        // Only a dimension of one element can have a product that overflows.
        grid.geometry.strides[dim] = stride.wrapping_mul(step);
        Ok(grid)
    }

    /// What is at an index of a dimension, without that dimension.
    pub(crate) fn index_axis(&self, dim: usize, index: usize) -> Result<Grid, RuntimeError> {
        let grid = self.window(dim, index, 1, 1)?;
        let others = || (0..self.rank()).filter(|&other| other != dim);
        let mut shape = [1; RANK_MAX];
        let mut strides = [0; RANK_MAX];
        for (to, from) in others().enumerate() {
            shape[to] = grid.shape()[from];
            strides[to] = grid.strides()[from];
        }
        let rank = self.rank() - 1;
        let origin = grid.geometry.origin;
        Ok(Grid::raw(origin, &shape[..rank], &strides[..rank]))
    }

    /// The dimensions in another order.
    pub(crate) fn permuted(&self, dims: &[usize]) -> Result<Grid, RuntimeError> {
        let is_permutation =
            dims.len() == self.rank() && (0..self.rank()).all(|dim| dims.contains(&dim));
        if !is_permutation {
            return Err(RuntimeError::Permutation {
                dims: dims.to_vec(),
                rank: self.rank(),
            });
        }
        let mut grid = *self;
        for (to, &from) in dims.iter().enumerate() {
            grid.geometry.shape[to] = self.geometry.shape[from];
            grid.geometry.strides[to] = self.geometry.strides[from];
        }
        Ok(grid)
    }

    /// NumPy's rule: dimensions are matched from the last; one of extent 1,
    /// or one that is not there, is repeated.
    pub(crate) fn broadcast(&self, shape: &[usize]) -> Result<Grid, RuntimeError> {
        let refused = || RuntimeError::Broadcast {
            from: self.shape().to_vec(),
            to: shape.to_vec(),
        };
        if shape.len() > RANK_MAX || shape.len() < self.rank() {
            return Err(refused());
        }
        let mut strides = [0; RANK_MAX];
        let added = shape.len() - self.rank();
        for dim in 0..self.rank() {
            let (extent, to) = (self.shape()[dim], shape[added + dim]);
            strides[added + dim] = match extent {
                _ if extent == to => self.strides()[dim],
                1 => 0,
                _ => return Err(refused()),
            };
        }
        Ok(Grid::raw(
            self.geometry.origin,
            shape,
            &strides[..shape.len()],
        ))
    }

    fn check_dimension(&self, dim: usize) -> Result<(), RuntimeError> {
        if dim < self.rank() {
            return Ok(());
        }
        Err(RuntimeError::Dimension {
            dim,
            rank: self.rank(),
        })
    }
}

fn check_reach(len: usize, index: i128) -> Result<(), RuntimeError> {
    if 0 <= index && index < len as i128 {
        return Ok(());
    }
    Err(RuntimeError::Reach {
        farthest: index,
        len,
    })
}

/// The strides of elements side by side; arbitrary where there are none.
fn row_major(shape: &[usize]) -> [isize; RANK_MAX] {
    let mut strides = [0; RANK_MAX];
    let mut step = 1usize;
    for dim in (0..shape.len().min(RANK_MAX)).rev() {
        strides[dim] = step as isize;
        step = step.wrapping_mul(shape[dim]);
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_buffer_is_refused_with_both_numbers() {
        let refused = |origin, shape: &[usize], strides: &[isize]| {
            let error = Grid::strided(12, origin, shape, strides).unwrap_err();
            error.to_string()
        };
        assert_eq!(
            refused(0, &[3, 5], &[4, 1]),
            "the view reaches index 12 of 12 elements"
        );
        assert_eq!(
            refused(2, &[4], &[-1]),
            "the view reaches index -1 of 12 elements"
        );
        assert!(refused(12, &[1], &[1]).contains("index 12"));
        for (shape, strides) in [
            ([usize::MAX, usize::MAX], [isize::MAX, isize::MAX]),
            ([2, 2], [isize::MIN, isize::MIN]),
            ([usize::MAX, 2], [1, 1]),
        ] {
            assert!(Grid::strided(12, 0, &shape, &strides).is_err());
        }
        assert!(
            Grid::strided(0, 99, &[0, 7], &[1, 1]).is_ok(),
            "nothing to reach"
        );
        assert!(Grid::contiguous(12, &[3, 4]).is_ok());
        assert!(Grid::contiguous(12, &[3, 3]).is_err());
        assert!(Grid::contiguous(12, &[usize::MAX, 2]).is_err());
        assert!(Grid::contiguous(1, &[]).is_ok(), "rank 0 is one element");
        assert!(Grid::contiguous(1, &[1; 5]).is_err());
    }

    /// Every element by its place in the buffer.
    fn places(grid: &Grid) -> Vec<usize> {
        let mut all = Vec::new();
        let mut index = vec![0; grid.rank()];
        if grid.is_empty() {
            return all;
        }
        loop {
            all.push(grid.locate(&index).unwrap());
            let Some(dim) = (0..grid.rank())
                .rev()
                .find(|&dim| index[dim] + 1 < grid.shape()[dim])
            else {
                return all;
            };
            index[dim] += 1;
            index[dim + 1..].fill(0);
        }
    }

    #[test]
    fn derived_grids_name_the_elements_they_should() {
        let grid = Grid::contiguous(12, &[3, 4]).unwrap();
        assert_eq!(places(&grid), (0..12).collect::<Vec<_>>());
        let turned = grid.permuted(&[1, 0]).unwrap();
        assert_eq!(places(&turned)[..4], [0, 4, 8, 1]);
        let back = grid.window(1, 3, -1, 4).unwrap();
        assert_eq!(places(&back)[..5], [3, 2, 1, 0, 7]);
        let inner = grid.window(0, 1, 1, 2).unwrap().window(1, 1, 2, 2).unwrap();
        assert_eq!(places(&inner), [5, 7, 9, 11]);
        assert!(!inner.is_contiguous() && inner.is_injective());
        let wide = Grid::contiguous(3, &[3])
            .unwrap()
            .broadcast(&[2, 3])
            .unwrap();
        assert_eq!(places(&wide), [0, 1, 2, 0, 1, 2]);
        assert!(!wide.is_injective());
        assert!(grid.window(1, 2, 1, 3).is_err());
        assert!(grid.window(2, 0, 1, 1).is_err());
        assert!(grid.permuted(&[0, 0]).is_err());
        assert!(grid.broadcast(&[4]).is_err());
        assert!(grid.window(0, 9, 1, 0).is_ok(), "no element is outside");
    }

    #[test]
    fn injective_means_that_no_place_is_met_twice() {
        for shape in [[2, 3], [3, 2], [1, 4], [4, 1], [2, 2]] {
            for first in -4isize..=4 {
                for second in -4isize..=4 {
                    let Ok(grid) = Grid::strided(64, 32, &shape, &[first, second]) else {
                        continue;
                    };
                    let mut all = places(&grid);
                    let count = all.len();
                    all.sort_unstable();
                    all.dedup();
                    let is_injective = all.len() == count;
                    assert!(
                        is_injective || !grid.is_injective(),
                        "{shape:?} {first} {second}"
                    );
                }
            }
        }
    }
}
