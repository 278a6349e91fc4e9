//! Programs of some length, as people write them: a Fourier transform, an edit
//! distance, elimination with pivots, nearest centres, a search, a game of
//! life. Each has the bits of its Rust original, or, where that has other
//! mathematical functions, of the interpreter.

use kiln::{Real, kernel};

/// In-place iterative FFT, radix 2.
#[kernel]
fn fft(re: &mut [f64], im: &mut [f64]) {
    let n = re.len();
    assert!(n.is_power_of_two() && im.len() == n, "a power of two");
    let bits = n.trailing_zeros();
    for i in 0..n {
        let mut j = 0;
        for b in 0..bits {
            if i >> b & 1 == 1 {
                j |= 1 << (bits - 1 - b);
            }
        }
        if i < j {
            re.swap(i, j);
            im.swap(i, j);
        }
    }
    let mut len = 2;
    while len <= n {
        let angle = -2.0 * std::f64::consts::PI / len as f64;
        for start in (0..n).step_by(len) {
            for k in 0..len / 2 {
                let (s, c) = (angle * k as f64).sin_cos();
                let (a, b) = (start + k, start + k + len / 2);
                let (tr, ti) = (re[b] * c - im[b] * s, re[b] * s + im[b] * c);
                (re[b], im[b]) = (re[a] - tr, im[a] - ti);
                re[a] += tr;
                im[a] += ti;
            }
        }
        len <<= 1;
    }
}

/// Levenshtein distance with two rows of scratch.
#[kernel]
fn levenshtein(a: &[u8], b: &[u8], prev: &mut [u32], curr: &mut [u32]) -> u32 {
    for (j, v) in prev.iter_mut().enumerate() {
        *v = j as u32;
    }
    for (i, ca) in a.iter().enumerate() {
        curr[0] = i as u32 + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = if ca == cb { 0 } else { 1 };
            curr[j + 1] = (prev[j + 1] + 1).min(curr[j] + 1).min(prev[j] + cost);
        }
        prev.copy_from_slice(curr);
    }
    prev[b.len()]
}

/// Solves a small dense system by elimination with pivoting.
#[kernel]
fn solve<T: Real, const N: usize>(mut a: [[T; N]; N], mut b: [T; N]) -> ([T; N], bool) {
    for col in 0..N {
        let mut pivot = col;
        for row in col + 1..N {
            if a[row][col].abs() > a[pivot][col].abs() {
                pivot = row;
            }
        }
        if a[pivot][col] == T::ZERO {
            return (b, false);
        }
        for k in 0..N {
            let t = a[col][k];
            a[col][k] = a[pivot][k];
            a[pivot][k] = t;
        }
        (b[col], b[pivot]) = (b[pivot], b[col]);
        for row in 0..N {
            if row == col {
                continue;
            }
            let f = a[row][col] / a[col][col];
            for k in col..N {
                let d = f * a[col][k];
                a[row][k] -= d;
            }
            let d = f * b[col];
            b[row] -= d;
        }
    }
    for row in 0..N {
        b[row] /= a[row][row];
    }
    (b, true)
}

/// Nearest centre for each point.
#[kernel]
fn assign(points: &[f32], centres: &[f32], dim: usize, label: &mut [u32]) -> f32 {
    let mut total = 0.0;
    for (p, l) in points.chunks_exact(dim).zip(label.iter_mut()) {
        let (mut best, mut at) = (f32::INFINITY, 0);
        for (c, centre) in centres.chunks_exact(dim).enumerate() {
            let d: f32 = p.iter().zip(centre).map(|(a, b)| (a - b) * (a - b)).sum();
            if d < best {
                best = d;
                at = c as u32;
            }
        }
        *l = at;
        total += best;
    }
    total
}

/// Binary search.
#[kernel]
fn lower_bound(x: &[i64], key: i64) -> usize {
    let (mut lo, mut hi) = (0, x.len());
    while lo < hi {
        let mid = lo + (hi - lo) / 2;
        if x[mid] < key {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    lo
}

/// Game of life on a torus of bytes.
#[kernel]
fn life(now: &[u8], next: &mut [u8], w: usize, h: usize) {
    assert_eq!(now.len(), w * h);
    assert_eq!(next.len(), now.len());
    for y in 0..h {
        let (up, down) = ((y + h - 1) % h * w, (y + 1) % h * w);
        for x in 0..w {
            let (l, r) = ((x + w - 1) % w, (x + 1) % w);
            let around = now[up + l]
                + now[up + x]
                + now[up + r]
                + now[y * w + l]
                + now[y * w + r]
                + now[down + l]
                + now[down + x]
                + now[down + r];
            let alive = around == 3 || (around == 2 && now[y * w + x] == 1);
            next[y * w + x] = alive as u8;
        }
    }
}

fn numbers(len: usize) -> Vec<f64> {
    (0..len).map(|i| (i * i % 23) as f64 * 0.5 - 4.0).collect()
}

#[test]
fn a_fourier_transform() {
    let (x, zeros) = (numbers(64), vec![0.0; 64]);
    let (mut re, mut im) = (x.clone(), zeros.clone());
    let (mut re2, mut im2) = (x.clone(), zeros);
    fft(&mut re, &mut im);
    fft::interpret(&mut re2, &mut im2);
    assert_eq!((&re, &im), (&re2, &im2));
    // Of the lowest frequency: the sum, which needs no sine.
    assert_eq!(re[0], x.iter().sum::<f64>());
    let error = fft::try_call(&mut [1.0; 3], &mut [0.0; 3]).unwrap_err();
    assert!(error.to_string().contains("a power of two"), "{error}");
}

#[test]
fn an_edit_distance() {
    let (mut p, mut q) = ([0; 8], [0; 8]);
    assert_eq!(levenshtein(b"kitten", b"sitting", &mut p, &mut q), 3);
    assert_eq!(levenshtein(b"", b"sitting", &mut p, &mut q), 7);
}

#[test]
fn elimination_with_pivots() {
    let a = [[0.0, 1.0, 2.0], [1.0, 3.0, 1.0], [2.0, 1.0, 4.0]];
    let b = [3.0, 5.0, 5.0];
    assert_eq!(solve(a, b), solve::rust(a, b));
    let singles = a.map(|row| row.map(|v| v as f32));
    let c = [1.0f32, 2.0, 3.0];
    assert_eq!(solve(singles, c), solve::rust(singles, c));
    assert_eq!(solve([[0.0f64]], [1.0]), ([1.0], false));
}

#[test]
fn nearest_centres_and_a_search() {
    let points: Vec<f32> = numbers(60).iter().map(|&v| v as f32).collect();
    let (mut label, mut wanted) = ([0; 20], [0; 20]);
    let centres = [0.0, 0.5, 1.0, 5.0, 2.0, -3.0];
    let total = assign(&points, &centres, 3, &mut label);
    assert_eq!(total, assign::rust(&points, &centres, 3, &mut wanted));
    assert_eq!(label, wanted);
    let sorted = [1, 3, 5, 7, 7, 9];
    for key in -1..11 {
        assert_eq!(lower_bound(&sorted, key), lower_bound::rust(&sorted, key));
    }
}

#[test]
fn a_game_of_life() {
    let mut now = vec![0; 48];
    for cell in [9, 10, 11, 17, 20, 30, 33] {
        now[cell] = 1;
    }
    for _ in 0..8 {
        let (mut next, mut wanted) = (vec![0; 48], vec![0; 48]);
        life(&now, &mut next, 8, 6);
        life::rust(&now, &mut wanted, 8, 6);
        assert_eq!(next, wanted);
        now = next;
    }
}
