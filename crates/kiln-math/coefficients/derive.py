#!/usr/bin/env python3
"""Derives every polynomial of kiln-math and writes ../src/coefficients.rs.

Needs `sollya` (8.0) on the path and the package mpmath; run it from any directory:

    python3 derive.py            # all
    python3 derive.py SIN COS    # print these only, write nothing

Each entry approximates `function` on `interval` by `fixed` plus a polynomial
with free coefficients at the powers `powers`, each rounded to the working
format by Sollya's fpminimax (Brisebarre and Chevillard, "Efficient polynomial
L-infinity approximations", 2007). The weight is relative error, or absolute
where said. The bound written beside each table is the supremum norm of the
error of the rounded polynomial, evaluated by Sollya at 300 bits: it contains
no rounding error of the evaluation in kiln-math.
"""

import struct
import subprocess
import sys
from math import log2
from pathlib import Path

import mpmath
from mpmath import mpf

SOLLYA = """
prec = 300;
f = {function};
g = {fixed};
I = [{lo};{hi}];
p = fpminimax(f, {powers}, [|{format}...|], I, g, {weight});
display = hexadecimal;
m = {powers};
for i from 0 to length(m)-1 do {{ print("c", coeff(p - g, m[i])); }};
display = decimal;
e = {error};
print("e", dirtyinfnorm(e, I));
"""


class Table:
    def __init__(self, name, what, function, fixed, powers, lo, hi, weight="relative", format="D",
                 solver=None):
        self.name, self.what, self.function, self.fixed = name, what, function, fixed
        self.powers, self.lo, self.hi = list(powers), lo, hi
        self.weight, self.format, self.solver = weight, format, solver

    def solve(self):
        """The coefficients and the norm of the error."""
        if self.solver:
            return self.solver(self)
        error = "p/f-1" if self.weight == "relative" else "p-f"
        text = SOLLYA.format(
            function=self.function, fixed=self.fixed, lo=self.lo, hi=self.hi,
            powers="[|" + ",".join(map(str, self.powers)) + "|]",
            format=self.format, weight=self.weight, error=error,
        )
        run = subprocess.run(["sollya", "--warnonstderr"], input=text, text=True, capture_output=True)
        coefficients, norm = [], None
        for line in run.stdout.splitlines():
            if line.startswith("c "):
                coefficients.append(float.fromhex(line[2:].strip()))
            elif line.startswith("e "):
                norm = float(line[2:].strip())
        if norm is None or len(coefficients) != len(self.powers):
            raise RuntimeError(f"{self.name}: {run.stdout}{run.stderr}")
        return coefficients, norm

    def rust(self):
        coefficients, norm = self.solve()
        kind = {"relative": "relative", "absolute": "absolute"}[self.weight]
        lines = [
            f"/// {self.what}",
            "///",
            f"/// `{self.function}` as `{self.fixed}` and the powers {self.powers[0]} to "
            f"{self.powers[-1]} of x in steps of {self.step()},",
            f"/// on [{self.lo}, {self.hi}]; {kind} error at most 2^{log2(norm):.1f}.",
            "#[rustfmt::skip]",
            f"pub(crate) const {self.name}: [f64; {len(coefficients)}] = [",
        ]
        lines += [f"    {c!r}," for c in coefficients]
        return "\n".join(lines + ["];", ""])

    def step(self):
        return self.powers[1] - self.powers[0] if len(self.powers) > 1 else 1


def weighted_remez(table):
    """Sollya's remez with an absolute error weighted by erfc, rounded afterwards.

    Sollya minimises |p w - f|.
    """
    text = f"""
prec = 200;
f = {table.function};
w = erfc(x+1);
I = [{table.lo};{table.hi}];
q = remez(f*w, {table.powers[-1]}, I, w);
q = roundcoefficients(q, [|{table.format}...|]);
display = hexadecimal;
for i from 0 to {table.powers[-1]} do {{ print("c", coeff(q, i)); }};
display = decimal;
print("e", dirtyinfnorm((q-f)*w, I));
"""
    run = subprocess.run(["sollya", "--warnonstderr"], input=text, text=True, capture_output=True)
    lines = [line.split() for line in run.stdout.splitlines()]
    coefficients = [float.fromhex(words[1]) for words in lines if words and words[0] == "c"]
    norm = [float(words[1]) for words in lines if words and words[0] == "e"]
    return coefficients, norm[0]


def chebyshev(function):
    """A solver: the Chebyshev fit of an mpmath function, rounded afterwards; absolute error."""
    def solve(table):
        with mpmath.workprec(160):
            interval = [mpf(table.lo), mpf(table.hi)]
            fit = mpmath.chebyfit(function, interval, len(table.powers))
            coefficients = [float(c) for c in reversed(fit)]
            error = lambda t: abs(mpmath.polyval([mpf(c) for c in reversed(coefficients)], t) - function(t))
            points = [interval[0] + (interval[1] - interval[0]) * i / 400 for i in range(401)]
            return coefficients, float(max(error(t) for t in points))
    return solve


def erfcx_of_reciprocal(u):
    """erfc(x) e^(x^2) at x = 1 / u - 2."""
    x = 1 / u - 2
    return mpmath.exp(x * x) * mpmath.erfc(x)


def erfcx_times(t):
    """erfc(x) e^(x^2) (1 + 2x) at x = 4 (1 + t) / (1 - t)."""
    x = 4 * (1 + t) / (1 - t)
    return mpmath.exp(x * x) * mpmath.erfc(x) * (1 + 2 * x)


def lgamma_over(zero):
    """lgamma(zero + t) / t, where zero is 1 or 2."""
    def function(t):
        if abs(t) < mpf(2) ** -70:
            return mpmath.digamma(zero)
        return mpmath.loggamma(zero + t) / t
    return function


def odd(first, last):
    return range(first, last + 1, 2)


even = odd

def single(name, what, function, fixed, powers, lo, hi):
    return Table(name + "_S", what + " In binary32.", function, fixed, powers, lo, hi, format="SG")


SINGLE = [
    single("EXP", "The tail of `e^r` after `1 + r + r^2/2`, for |r| at most ln 2 / 2.",
           "exp(x)", "1+x+x^2/2", range(3, 7), "-0.3470", "0.3470"),
    single("EXP2", "The tail of `2^r` after 1, for |r| at most 1/2.",
           "2^x", "1", range(1, 7), "-0.5005", "0.5005"),
    single("EXP10", "The tail of `10^r` after `1 + r ln 10`, for |r| at most log10(2) / 2.",
           "10^x", "1+log(10)*x", range(2, 7), "-0.1508", "0.1508"),
    single("SINH", "The tail of `sinh r` after `r`, for |r| at most ln 2 / 2.",
           "sinh(x)", "x", odd(3, 7), "1b-20", "0.3470"),
    single("COSH", "The tail of `cosh r` after `1 + r^2/2`, for |r| at most ln 2 / 2.",
           "cosh(x)", "1+x^2/2", even(4, 6), "1b-20", "0.3470"),
    single("SIN", "The tail of `sin r` after `r`, for |r| at most pi / 4.",
           "sin(x)", "x", odd(3, 7), "1b-20", "0.7860"),
    single("COS", "The tail of `cos r` after `1 - r^2/2`, for |r| at most pi / 4.",
           "cos(x)", "1-x^2/2", even(4, 8), "1b-20", "0.7860"),
    single("TAN", "The tail of `tan r` after `r`, for |r| at most pi / 8.",
           "tan(x)", "x", odd(3, 9), "1b-20", "0.3930"),
    single("LOG", "The tail of `2 atanh s` after `2 s`, where s = f / (2 + f).",
           "log((1+x)/(1-x))", "2*x", odd(3, 7), "1b-20", "0.1717"),
    single("ASIN", "The tail of `asin x` after `x`, for |x| at most 1/2.",
           "asin(x)", "x", odd(3, 13), "1b-20", "0.5"),
    single("ATAN", "The tail of `atan t` after `t`, for |t| at most 1/2.",
           "atan(x)", "x", odd(3, 13), "1b-20", "0.5"),
]

TABLES = [
    Table("EXP", "The tail of `e^r` after `1 + r + r^2/2`, for |r| at most ln 2 / 2.",
          "exp(x)", "1+x+x^2/2", range(3, 12), "-0.3470", "0.3470"),
    Table("EXP2", "The tail of `2^r` after 1, for |r| at most 1/2.",
          "2^x", "1", range(1, 12), "-0.5005", "0.5005"),
    Table("EXP10", "The tail of `10^r` after `1 + r ln 10`, for |r| at most log10(2) / 2.",
          "10^x", "1+log(10)*x", range(2, 12), "-0.1508", "0.1508"),
    Table("SINH", "The tail of `sinh r` after `r`, for |r| at most ln 2 / 2.",
          "sinh(x)", "x", odd(3, 11), "1b-30", "0.3470"),
    Table("COSH", "The tail of `cosh r` after `1 + r^2/2`, for |r| at most ln 2 / 2.",
          "cosh(x)", "1+x^2/2", even(4, 10), "1b-30", "0.3470"),
    Table("SIN", "The tail of `sin r` after `r`, for |r| at most pi / 4.",
          "sin(x)", "x", odd(3, 13), "1b-30", "0.7860"),
    Table("COS", "The tail of `cos r` after `1 - r^2/2`, for |r| at most pi / 4.",
          "cos(x)", "1-x^2/2", even(4, 14), "1b-30", "0.7860"),
    Table("TAN", "The tail of `tan r` after `r`, for |r| at most pi / 8.",
          "tan(x)", "x", odd(3, 19), "1b-30", "0.3930"),
    Table("LOG", "The tail of `2 atanh s` after `2 s`, where s = f / (2 + f).",
          "log((1+x)/(1-x))", "2*x", odd(3, 15), "1b-30", "0.1717"),
    Table("LOG_TAIL", "The tail of `2 atanh s` after `2 s + 2/3 s^3`, for double-length logarithms.",
          "log((1+x)/(1-x))", "2*x+2/3*x^3", odd(5, 15), "1b-30", "0.0602"),
    Table("ASIN", "The tail of `asin x` after `x`, for |x| at most 1/2.",
          "asin(x)", "x", odd(3, 25), "1b-30", "0.5"),
    Table("ATAN", "The tail of `atan t` after `t`, for |t| at most 1/2.",
          "atan(x)", "x", odd(3, 25), "1b-30", "0.5"),
    *SINGLE,
    single("CBRT", "A first guess at `m^(-1/3)`.",
           "x^(-1/3)", "0", range(0, 6), "1", "2"),
    single("ERF", "The tail of `erf x` after `x`.",
           "erf(x)", "x", odd(1, 11), "1b-20", "0.844"),
    Table("LOG_ERFC_S", "`ln erfc(1 + u)`; the error is that of erfc. In binary32.",
          "log(erfc(x+1))", "0", range(0, 9), "-0.157", "3", "absolute", format="SG",
          solver=weighted_remez),
    Table("LOG2_SHORT", "`log2` of `(1 + s) / (1 - s)`, for results in binary32.",
          "log2((1+x)/(1-x))", "0", odd(1, 9), "1b-30", "0.1717"),
    Table("EXP2_SHORT", "The tail of `2^r` after 1, for |r| at most 1/2 and results in binary32.",
          "2^x", "1", range(1, 8), "-0.5005", "0.5005"),
    Table("ERF_SHORT", "The tail of `erf x` after `x`, for results in binary32.",
          "erf(x)", "x", odd(1, 13), "1b-30", "0.844"),
    Table("ERFCX_SHORT", "`erfc(x) e^(x^2)` for u = 1 / (x + 2), x from 0.84 to 10.5 and results in binary32.",
          "exp(x^2)*erfc(x)", "0", range(0, 12), "0.08", "0.3522", "absolute",
          solver=chebyshev(erfcx_of_reciprocal)),
    Table("CBRT", "A first guess at `m^(-1/3)`.",
          "x^(-1/3)", "0", range(0, 5), "1", "2"),
    Table("ERF", "The tail of `erf x` after `x`.",
          "erf(x)", "x", odd(1, 23), "1b-30", "0.844"),
    Table("LOG_ERFC", "`ln erfc(1 + u)`; the error is that of erfc.",
          "log(erfc(x+1))", "0", range(0, 19), "-0.157", "5", "absolute", solver=weighted_remez),
    Table("ERFCX", "`erfc(x) e^(x^2) (1 + 2x)` for t = (x - 4) / (x + 4), x from 0.84 to 28.",
          "exp(x^2)*erfc(x)*(1+2*x)", "0", range(0, 21), "-0.653", "0.75001", "absolute",
          solver=chebyshev(erfcx_times)),
    Table("LGAMMA_1", "`lgamma(1 + t) / t`.",
          "lgamma(1+x)/x", "0", range(0, 24), "-0.3", "0.5", "absolute", solver=chebyshev(lgamma_over(1))),
    Table("LGAMMA_2", "`lgamma(2 + t) / t`.",
          "lgamma(2+x)/x", "0", range(0, 24), "-0.5", "0.75", "absolute", solver=chebyshev(lgamma_over(2))),
]

mpmath.mp.prec = 1400


def cut(value, count):
    """The first `count` bits of `value`."""
    mantissa, exponent = mpmath.frexp(value)
    scale = mpf(2) ** count
    return float(mpmath.floor(mantissa * scale) / scale * mpf(2) ** exponent)


def on_grid(value, place):
    """How many significant bits of `value` end at the bit of weight 2^-place."""
    return place + int(mpmath.frexp(value)[1])


def nearest(value):
    """The binary64 number nearest to `value` (mpf to float conversion truncates nothing)."""
    with mpmath.workprec(53):
        return float(+value)


def nearest_single(value):
    """The binary32 number nearest to `value`."""
    with mpmath.workprec(24):
        return float(+value)


def constant(name, what, value):
    bits = struct.unpack("<Q", struct.pack("<d", value))[0]
    return f"/// {what}\npub(crate) const {name}: f64 = f64::from_bits(0x{bits:016x});\n"


def split(name, what, value, *counts):
    """`value` as parts that sum to it: all but the last cut to so many bits."""
    lines, rest = [], value
    for i, count in enumerate(counts):
        close = nearest_single if name.endswith("_S") else nearest
        part = close(rest) if count is None else cut(rest, count)
        how = "the nearest number to what is left" if count is None else f"{count} bits"
        lines.append(constant(f"{name}_{i + 1}", f"Part {i + 1} of {what}: {how}.", part))
        rest -= mpf(part)
    return "\n".join(lines)


def constants():
    pi, ln2, ln10 = mpmath.pi + 0, mpmath.log(2), mpmath.log(10)
    words = int(mpmath.floor(2 / pi * mpf(2) ** (64 * 20)))
    table = [(words >> (64 * (19 - i))) & (2**64 - 1) for i in range(20)]
    return "\n".join([
        constant("LOG2_E", "`1 / ln 2`.", nearest(1 / ln2)),
        split("LN_2", "`ln 2`", ln2, 42, None),
        constant("LOG2_E_LOW", "`1 / ln 2` less its nearest number.", nearest(1 / ln2 - mpf(nearest(1 / ln2)))),
        split("LN_10", "`ln 10`", ln10, None, None),
        split("LOG10_E", "`1 / ln 10`", 1 / ln10, None, None),
        split("LOG10_2", "`log10 2`", ln2 / ln10, 42, None),
        constant("LOG2_10", "`log2 10`.", nearest(ln10 / ln2)),
        constant("TWO_OVER_PI", "`2 / pi`.", nearest(2 / pi)),
        split("PI_2", "`pi / 2`, for quotients below 2^22", pi / 2, None, 30, None),
        constant("PI_2_LOW", "`pi / 2` less its nearest number.", nearest(pi / 2 - mpf(nearest(pi / 2)))),
        split("PI_4", "`pi / 4`", pi / 4, 50, None),
        *(split(f"LN_{name}", f"`ln {point}`, on the grid of the first part of `ln 2`",
                mpmath.log(mpf(point)), on_grid(mpmath.log(mpf(point)), 42), None)
          for name, point in [("LEFT", 0.796875), ("RIGHT", 1.2578125)]),
        split("TWO_THIRDS", "`2 / 3`", mpf(2) / 3, None, None),
        constant("LOG2_E_S", "`1 / ln 2` in binary32.", nearest_single(1 / ln2)),
        constant("LOG2_E_LOW_S", "`1 / ln 2` less its nearest number.",
                 nearest_single(1 / ln2 - mpf(nearest_single(1 / ln2)))),
        split("LN_2_S", "`ln 2`", ln2, 15, None),
        split("LN_10_S", "`ln 10`", ln10, None, None),
        split("LOG10_E_S", "`1 / ln 10`", 1 / ln10, None, None),
        split("LOG10_2_S", "`log10 2`", ln2 / ln10, 15, None),
        constant("LOG2_10_S", "`log2 10` in binary32.", nearest_single(ln10 / ln2)),
        constant("TWO_OVER_PI_S", "`2 / pi` in binary32.", nearest_single(2 / pi)),
        split("PI_2_S", "`pi / 2`", pi / 2, None, None, None),
        split("PI_4_S", "`pi / 4`", pi / 4, 21, None),
        "/// The first 1,280 bits of `2 / pi` after the binary point.\n"
        "#[rustfmt::skip]\n"
        "pub const TWO_OVER_PI_BITS: [u64; 20] = [\n"
        + "".join(f"    0x{word:016x},\n" for word in table) + "];\n",
    ])


HEADER = '''//! Polynomial coefficients, written by `coefficients/derive.py`: do not edit.
//!
//! Each table states the function, the interval and the bound on the error of
//! the polynomial itself; the order is from the lowest power up.

'''


def main():
    wanted = set(sys.argv[1:])
    if wanted:
        for table in TABLES:
            if table.name in wanted:
                print(table.rust())
        return
    target = Path(__file__).resolve().parent.parent / "src" / "coefficients.rs"
    target.write_text(HEADER + constants() + "\n" + "\n".join(table.rust() for table in TABLES))


if __name__ == "__main__":
    main()
