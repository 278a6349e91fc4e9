//! Polynomial coefficients, written by `coefficients/derive.py`: do not edit.
//!
//! Each table states the function, the interval and the bound on the error of
//! the polynomial itself; the order is from the lowest power up.

/// `1 / ln 2`.
pub(crate) const LOG2_E: f64 = f64::from_bits(0x3ff71547652b82fe);

/// Part 1 of `ln 2`: 42 bits.
pub(crate) const LN_2_1: f64 = f64::from_bits(0x3fe62e42fefa3800);

/// Part 2 of `ln 2`: the nearest number to what is left.
pub(crate) const LN_2_2: f64 = f64::from_bits(0x3d2ef35793c76730);

/// `1 / ln 2` less its nearest number.
pub(crate) const LOG2_E_LOW: f64 = f64::from_bits(0x3c7777d0ffda0d24);

/// Part 1 of `ln 10`: the nearest number to what is left.
pub(crate) const LN_10_1: f64 = f64::from_bits(0x40026bb1bbb55516);

/// Part 2 of `ln 10`: the nearest number to what is left.
pub(crate) const LN_10_2: f64 = f64::from_bits(0xbcaf48ad494ea3e9);

/// Part 1 of `1 / ln 10`: the nearest number to what is left.
pub(crate) const LOG10_E_1: f64 = f64::from_bits(0x3fdbcb7b1526e50e);

/// Part 2 of `1 / ln 10`: the nearest number to what is left.
pub(crate) const LOG10_E_2: f64 = f64::from_bits(0x3c695355baaafad3);

/// Part 1 of `log10 2`: 42 bits.
pub(crate) const LOG10_2_1: f64 = f64::from_bits(0x3fd34413509f7800);

/// Part 2 of `log10 2`: the nearest number to what is left.
pub(crate) const LOG10_2_2: f64 = f64::from_bits(0x3d1fef311f12b358);

/// `log2 10`.
pub(crate) const LOG2_10: f64 = f64::from_bits(0x400a934f0979a371);

/// `2 / pi`.
pub(crate) const TWO_OVER_PI: f64 = f64::from_bits(0x3fe45f306dc9c883);

/// Part 1 of `pi / 2`, for quotients below 2^22: the nearest number to what is left.
pub(crate) const PI_2_1: f64 = f64::from_bits(0x3ff921fb54442d18);

/// Part 2 of `pi / 2`, for quotients below 2^22: 30 bits.
pub(crate) const PI_2_2: f64 = f64::from_bits(0x3c91a62633000000);

/// Part 3 of `pi / 2`, for quotients below 2^22: the nearest number to what is left.
pub(crate) const PI_2_3: f64 = f64::from_bits(0x3a945c06e0e68948);

/// `pi / 2` less its nearest number.
pub(crate) const PI_2_LOW: f64 = f64::from_bits(0x3c91a62633145c07);

/// Part 1 of `pi / 4`: 50 bits.
pub(crate) const PI_4_1: f64 = f64::from_bits(0x3fe921fb54442d18);

/// Part 2 of `pi / 4`: the nearest number to what is left.
pub(crate) const PI_4_2: f64 = f64::from_bits(0x3c81a62633145c07);

/// Part 1 of `ln 0.796875`, on the grid of the first part of `ln 2`: 40 bits.
pub(crate) const LN_LEFT_1: f64 = f64::from_bits(0xbfcd1037f2656000);

/// Part 2 of `ln 0.796875`, on the grid of the first part of `ln 2`: the nearest number to what is left.
pub(crate) const LN_LEFT_2: f64 = f64::from_bits(0x3d084a7e75b6f6e4);

/// Part 1 of `ln 1.2578125`, on the grid of the first part of `ln 2`: 40 bits.
pub(crate) const LN_RIGHT_1: f64 = f64::from_bits(0x3fcd5c216b4fa000);

/// Part 2 of `ln 1.2578125`, on the grid of the first part of `ln 2`: the nearest number to what is left.
pub(crate) const LN_RIGHT_2: f64 = f64::from_bits(0x3d4b915b910d65f9);

/// Part 1 of `2 / 3`: the nearest number to what is left.
pub(crate) const TWO_THIRDS_1: f64 = f64::from_bits(0x3fe5555555555555);

/// Part 2 of `2 / 3`: the nearest number to what is left.
pub(crate) const TWO_THIRDS_2: f64 = f64::from_bits(0x3c85555555555555);

/// `1 / ln 2` in binary32.
pub(crate) const LOG2_E_S: f64 = f64::from_bits(0x3ff7154760000000);

/// `1 / ln 2` less its nearest number.
pub(crate) const LOG2_E_LOW_S: f64 = f64::from_bits(0x3e54ae0c00000000);

/// Part 1 of `ln 2`: 15 bits.
pub(crate) const LN_2_S_1: f64 = f64::from_bits(0x3fe62e4000000000);

/// Part 2 of `ln 2`: the nearest number to what is left.
pub(crate) const LN_2_S_2: f64 = f64::from_bits(0x3eb7f7d1c0000000);

/// Part 1 of `ln 10`: the nearest number to what is left.
pub(crate) const LN_10_S_1: f64 = f64::from_bits(0x40026bb1c0000000);

/// Part 2 of `ln 10`: the nearest number to what is left.
pub(crate) const LN_10_S_2: f64 = f64::from_bits(0xbe612aaba0000000);

/// Part 1 of `1 / ln 10`: the nearest number to what is left.
pub(crate) const LOG10_E_S_1: f64 = f64::from_bits(0x3fdbcb7b20000000);

/// Part 2 of `1 / ln 10`: the nearest number to what is left.
pub(crate) const LOG10_E_S_2: f64 = f64::from_bits(0xbe45b235e0000000);

/// Part 1 of `log10 2`: 15 bits.
pub(crate) const LOG10_2_S_1: f64 = f64::from_bits(0x3fd3440000000000);

/// Part 2 of `log10 2`: the nearest number to what is left.
pub(crate) const LOG10_2_S_2: f64 = f64::from_bits(0x3ed3509f80000000);

/// `log2 10` in binary32.
pub(crate) const LOG2_10_S: f64 = f64::from_bits(0x400a934f00000000);

/// `2 / pi` in binary32.
pub(crate) const TWO_OVER_PI_S: f64 = f64::from_bits(0x3fe45f3060000000);

/// Part 1 of `pi / 2`: the nearest number to what is left.
pub(crate) const PI_2_S_1: f64 = f64::from_bits(0x3ff921fb60000000);

/// Part 2 of `pi / 2`: the nearest number to what is left.
pub(crate) const PI_2_S_2: f64 = f64::from_bits(0xbe6777a5c0000000);

/// Part 3 of `pi / 2`: the nearest number to what is left.
pub(crate) const PI_2_S_3: f64 = f64::from_bits(0xbcdee59da0000000);

/// Part 1 of `pi / 4`: 21 bits.
pub(crate) const PI_4_S_1: f64 = f64::from_bits(0x3fe921fb00000000);

/// Part 2 of `pi / 4`: the nearest number to what is left.
pub(crate) const PI_4_S_2: f64 = f64::from_bits(0x3e85110b40000000);

/// The first 1,280 bits of `2 / pi` after the binary point.
#[rustfmt::skip]
pub const TWO_OVER_PI_BITS: [u64; 20] = [
    0xa2f9836e4e441529,
    0xfc2757d1f534ddc0,
    0xdb6295993c439041,
    0xfe5163abdebbc561,
    0xb7246e3a424dd2e0,
    0x06492eea09d1921c,
    0xfe1deb1cb129a73e,
    0xe88235f52ebb4484,
    0xe99c7026b45f7e41,
    0x3991d639835339f4,
    0x9c845f8bbdf9283b,
    0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f,
    0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
];

/// The tail of `e^r` after `1 + r + r^2/2`, for |r| at most ln 2 / 2.
///
/// `exp(x)` as `1+x+x^2/2` and the powers 3 to 11 of x in steps of 1,
/// on [-0.3470, 0.3470]; relative error at most 2^-57.3.
#[rustfmt::skip]
pub(crate) const EXP: [f64; 9] = [
    0.1666666666666643,
    0.04166666666660338,
    0.008333333333502066,
    0.0013888888927057468,
    0.00019841269462624378,
    2.4801508321280493e-05,
    2.7557643201606666e-06,
    2.7625342821436355e-07,
    2.4977949758230497e-08,
];

/// The tail of `2^r` after 1, for |r| at most 1/2.
///
/// `2^x` as `1` and the powers 1 to 11 of x in steps of 1,
/// on [-0.5005, 0.5005]; relative error at most 2^-57.3.
#[rustfmt::skip]
pub(crate) const EXP2: [f64; 11] = [
    0.6931471805599453,
    0.24022650695910136,
    0.05550410866482232,
    0.009618129107592509,
    0.0013333558146362897,
    0.00015403530458922367,
    1.525273382458668e-05,
    1.321543445267772e-06,
    1.0178078360437684e-07,
    7.073916946190886e-09,
    4.451266054744433e-10,
];

/// The tail of `10^r` after `1 + r ln 10`, for |r| at most log10(2) / 2.
///
/// `10^x` as `1+log(10)*x` and the powers 2 to 11 of x in steps of 1,
/// on [-0.1508, 0.1508]; relative error at most 2^-57.9.
#[rustfmt::skip]
pub(crate) const EXP10: [f64; 10] = [
    2.6509490552392045,
    2.0346785922934436,
    1.171255148908443,
    0.5393829292064976,
    0.20699584951352126,
    0.06808936387506635,
    0.019597620036927912,
    0.005013979598888588,
    0.0011575596211628278,
    0.00024113265191430443,
];

/// The tail of `sinh r` after `r`, for |r| at most ln 2 / 2.
///
/// `sinh(x)` as `x` and the powers 3 to 11 of x in steps of 2,
/// on [1b-30, 0.3470]; relative error at most 2^-61.7.
#[rustfmt::skip]
pub(crate) const SINH: [f64; 5] = [
    0.16666666666666677,
    0.008333333333321431,
    0.00019841269886621414,
    2.7557243710182253e-06,
    2.5109213051263888e-08,
];

/// The tail of `cosh r` after `1 + r^2/2`, for |r| at most ln 2 / 2.
///
/// `cosh(x)` as `1+x^2/2` and the powers 4 to 10 of x in steps of 2,
/// on [1b-30, 0.3470]; relative error at most 2^-57.4.
#[rustfmt::skip]
pub(crate) const COSH: [f64; 4] = [
    0.041666666666603076,
    0.0013888888927187082,
    2.480150815515609e-05,
    2.762540920704263e-07,
];

/// The tail of `sin r` after `r`, for |r| at most pi / 4.
///
/// `sin(x)` as `x` and the powers 3 to 13 of x in steps of 2,
/// on [1b-30, 0.7860]; relative error at most 2^-57.9.
#[rustfmt::skip]
pub(crate) const SIN: [f64; 6] = [
    -0.1666666666666663,
    0.008333333333321898,
    -0.00019841269829431722,
    2.7557313570498283e-06,
    -2.5050740180718963e-08,
    1.589580555011871e-10,
];

/// The tail of `cos r` after `1 - r^2/2`, for |r| at most pi / 4.
///
/// `cos(x)` as `1-x^2/2` and the powers 4 to 14 of x in steps of 2,
/// on [1b-30, 0.7860]; relative error at most 2^-63.9.
#[rustfmt::skip]
pub(crate) const COS: [f64; 6] = [
    0.041666666666666595,
    -0.0013888888888873322,
    2.4801587288980358e-05,
    -2.7557314208521055e-07,
    2.087570398210434e-09,
    -1.13586646156194e-11,
];

/// The tail of `tan r` after `r`, for |r| at most pi / 8.
///
/// `tan(x)` as `x` and the powers 3 to 19 of x in steps of 2,
/// on [1b-30, 0.3930]; relative error at most 2^-58.7.
#[rustfmt::skip]
pub(crate) const TAN: [f64; 9] = [
    0.33333333333333504,
    0.13333333333289,
    0.05396825400786727,
    0.021869486805577387,
    0.0088632781733676,
    0.0035914959093136696,
    0.0014615704188789998,
    0.0005590448391520689,
    0.0003288509601378891,
];

/// The tail of `2 atanh s` after `2 s`, where s = f / (2 + f).
///
/// `log((1+x)/(1-x))` as `2*x` and the powers 3 to 15 of x in steps of 2,
/// on [1b-30, 0.1717]; relative error at most 2^-59.5.
#[rustfmt::skip]
pub(crate) const LOG: [f64; 7] = [
    0.6666666666666735,
    0.39999999999409713,
    0.2857142874356461,
    0.222221984439725,
    0.18183571495776235,
    0.1531385544537799,
    0.14798017527720853,
];

/// The tail of `2 atanh s` after `2 s + 2/3 s^3`, for double-length logarithms.
///
/// `log((1+x)/(1-x))` as `2*x+2/3*x^3` and the powers 5 to 15 of x in steps of 2,
/// on [1b-30, 0.0602]; relative error at most 2^-80.1.
#[rustfmt::skip]
pub(crate) const LOG_TAIL: [f64; 6] = [
    0.39999999999999997,
    0.2857142857143772,
    0.22222222212527215,
    0.18181823326129895,
    0.15383162249232524,
    0.13541384965319905,
];

/// The tail of `asin x` after `x`, for |x| at most 1/2.
///
/// `asin(x)` as `x` and the powers 3 to 25 of x in steps of 2,
/// on [1b-30, 0.5]; relative error at most 2^-55.9.
#[rustfmt::skip]
pub(crate) const ASIN: [f64; 12] = [
    0.16666666666665408,
    0.07500000000337102,
    0.04464285682827013,
    0.030381959138981125,
    0.022371758008737835,
    0.01735970531637236,
    0.013885230602039715,
    0.012169240344520724,
    0.006527862707984047,
    0.019528546896388492,
    -0.016224660166076297,
    0.03191252891780875,
];

/// The tail of `atan t` after `t`, for |t| at most 1/2.
///
/// `atan(x)` as `x` and the powers 3 to 25 of x in steps of 2,
/// on [1b-30, 0.5]; relative error at most 2^-57.8.
#[rustfmt::skip]
pub(crate) const ATAN: [f64; 12] = [
    -0.3333333333333298,
    0.19999999999903123,
    -0.1428571427638746,
    0.11111110659708877,
    -0.09090896246524784,
    0.07692073939411088,
    -0.0666381087746825,
    0.05858300584703023,
    -0.05122012812093896,
    0.041865229896009645,
    -0.027435234447097223,
    0.010117037552570752,
];

/// The tail of `e^r` after `1 + r + r^2/2`, for |r| at most ln 2 / 2. In binary32.
///
/// `exp(x)` as `1+x+x^2/2` and the powers 3 to 6 of x in steps of 1,
/// on [-0.3470, 0.3470]; relative error at most 2^-28.0.
#[rustfmt::skip]
pub(crate) const EXP_S: [f64; 4] = [
    0.16666533052921295,
    0.04166723042726517,
    0.008367592468857765,
    0.0013864634092897177,
];

/// The tail of `2^r` after 1, for |r| at most 1/2. In binary32.
///
/// `2^x` as `1` and the powers 1 to 6 of x in steps of 1,
/// on [-0.5005, 0.5005]; relative error at most 2^-28.0.
#[rustfmt::skip]
pub(crate) const EXP2_S: [f64; 6] = [
    0.6931471824645996,
    0.24022644758224487,
    0.05550358444452286,
    0.009618829935789108,
    0.0013391493121162057,
    0.00015243141388054937,
];

/// The tail of `10^r` after `1 + r ln 10`, for |r| at most log10(2) / 2. In binary32.
///
/// `10^x` as `1+log(10)*x` and the powers 2 to 6 of x in steps of 1,
/// on [-0.1508, 0.1508]; relative error at most 2^-28.2.
#[rustfmt::skip]
pub(crate) const EXP10_S: [f64; 5] = [
    2.6509487628936768,
    2.034660577774048,
    1.171296238899231,
    0.5416842699050903,
    0.20611391961574554,
];

/// The tail of `sinh r` after `r`, for |r| at most ln 2 / 2. In binary32.
///
/// `sinh(x)` as `x` and the powers 3 to 7 of x in steps of 2,
/// on [1b-20, 0.3470]; relative error at most 2^-34.1.
#[rustfmt::skip]
pub(crate) const SINH_S: [f64; 3] = [
    0.1666666716337204,
    0.008333192206919193,
    0.00019958449411205947,
];

/// The tail of `cosh r` after `1 + r^2/2`, for |r| at most ln 2 / 2. In binary32.
///
/// `cosh(x)` as `1+x^2/2` and the powers 4 to 6 of x in steps of 2,
/// on [1b-20, 0.3470]; relative error at most 2^-33.3.
#[rustfmt::skip]
pub(crate) const COSH_S: [f64; 2] = [
    0.041666459292173386,
    0.0013935439055785537,
];

/// The tail of `sin r` after `r`, for |r| at most pi / 4. In binary32.
///
/// `sin(x)` as `x` and the powers 3 to 7 of x in steps of 2,
/// on [1b-20, 0.7860]; relative error at most 2^-27.9.
#[rustfmt::skip]
pub(crate) const SIN_S: [f64; 3] = [
    -0.16666655242443085,
    0.008332188241183758,
    -0.000195180851733312,
];

/// The tail of `cos r` after `1 - r^2/2`, for |r| at most pi / 4. In binary32.
///
/// `cos(x)` as `1-x^2/2` and the powers 4 to 8 of x in steps of 2,
/// on [1b-20, 0.7860]; relative error at most 2^-33.0.
#[rustfmt::skip]
pub(crate) const COS_S: [f64; 3] = [
    0.04166664555668831,
    -0.0013887310633435845,
    2.443254561512731e-05,
];

/// The tail of `tan r` after `r`, for |r| at most pi / 8. In binary32.
///
/// `tan(x)` as `x` and the powers 3 to 9 of x in steps of 2,
/// on [1b-20, 0.3930]; relative error at most 2^-28.9.
#[rustfmt::skip]
pub(crate) const TAN_S: [f64; 4] = [
    0.33333292603492737,
    0.1333589255809784,
    0.053473688662052155,
    0.0255658607929945,
];

/// The tail of `2 atanh s` after `2 s`, where s = f / (2 + f). In binary32.
///
/// `log((1+x)/(1-x))` as `2*x` and the powers 3 to 7 of x in steps of 2,
/// on [1b-20, 0.1717]; relative error at most 2^-30.2.
#[rustfmt::skip]
pub(crate) const LOG_S: [f64; 3] = [
    0.6666677594184875,
    0.3997756838798523,
    0.29871511459350586,
];

/// The tail of `asin x` after `x`, for |x| at most 1/2. In binary32.
///
/// `asin(x)` as `x` and the powers 3 to 13 of x in steps of 2,
/// on [1b-20, 0.5]; relative error at most 2^-31.7.
#[rustfmt::skip]
pub(crate) const ASIN_S: [f64; 6] = [
    0.16666659712791443,
    0.07500516623258591,
    0.04451499506831169,
    0.03182182461023331,
    0.01439121924340725,
    0.037576768547296524,
];

/// The tail of `atan t` after `t`, for |t| at most 1/2. In binary32.
///
/// `atan(x)` as `x` and the powers 3 to 13 of x in steps of 2,
/// on [1b-20, 0.5]; relative error at most 2^-31.7.
#[rustfmt::skip]
pub(crate) const ATAN_S: [f64; 6] = [
    -0.333333283662796,
    0.19999554753303528,
    -0.14273107051849365,
    0.10948409885168076,
    -0.08009069412946701,
    0.03904200345277786,
];

/// A first guess at `m^(-1/3)`. In binary32.
///
/// `x^(-1/3)` as `0` and the powers 0 to 5 of x in steps of 1,
/// on [1, 2]; relative error at most 2^-17.4.
#[rustfmt::skip]
pub(crate) const CBRT_S: [f64; 6] = [
    1.781043529510498,
    -1.5659770965576172,
    1.2437113523483276,
    -0.5978202223777771,
    0.15605318546295166,
    -0.017016498371958733,
];

/// The tail of `erf x` after `x`. In binary32.
///
/// `erf(x)` as `x` and the powers 1 to 11 of x in steps of 2,
/// on [1b-20, 0.844]; relative error at most 2^-27.2.
#[rustfmt::skip]
pub(crate) const ERF_S: [f64; 6] = [
    0.12837916612625122,
    -0.37612590193748474,
    0.11282878369092941,
    -0.026808273047208786,
    0.005059930961579084,
    -0.0006364325527101755,
];

/// `ln erfc(1 + u)`; the error is that of erfc. In binary32.
///
/// `log(erfc(x+1))` as `0` and the powers 0 to 8 of x in steps of 1,
/// on [-0.157, 3]; absolute error at most 2^-26.3.
#[rustfmt::skip]
pub(crate) const LOG_ERFC_S: [f64; 9] = [
    -1.8496055603027344,
    -2.638967514038086,
    -0.8431073427200317,
    -0.04156062379479408,
    0.010035485960543156,
    -0.001992294564843178,
    0.0002717191237024963,
    -1.3853297787136398e-05,
    -1.3228390116637456e-06,
];

/// `log2` of `(1 + s) / (1 - s)`, for results in binary32.
///
/// `log2((1+x)/(1-x))` as `0` and the powers 1 to 9 of x in steps of 2,
/// on [1b-30, 0.1717]; relative error at most 2^-37.8.
#[rustfmt::skip]
pub(crate) const LOG2_SHORT: [f64; 5] = [
    2.8853900817901716,
    0.9617966732257662,
    0.5770836085818796,
    0.411671223220657,
    0.3407591111688012,
];

/// The tail of `2^r` after 1, for |r| at most 1/2 and results in binary32.
///
/// `2^x` as `1` and the powers 1 to 7 of x in steps of 1,
/// on [-0.5005, 0.5005]; relative error at most 2^-34.3.
#[rustfmt::skip]
pub(crate) const EXP2_SHORT: [f64; 7] = [
    0.6931471807056909,
    0.2402265106877416,
    0.05550410362986729,
    0.009618037769580529,
    0.0013333936561885805,
    0.00015466882366510712,
    1.519604398875453e-05,
];

/// The tail of `erf x` after `x`, for results in binary32.
///
/// `erf(x)` as `x` and the powers 1 to 13 of x in steps of 2,
/// on [1b-30, 0.844]; relative error at most 2^-32.9.
#[rustfmt::skip]
pub(crate) const ERF_SHORT: [f64; 7] = [
    0.12837916695690388,
    -0.3761263703151527,
    0.11283750050389964,
    -0.02686267367792685,
    0.005209864304769837,
    -0.0008251923165520935,
    8.874629769521222e-05,
];

/// `erfc(x) e^(x^2)` for u = 1 / (x + 2), x from 0.84 to 10.5 and results in binary32.
///
/// `exp(x^2)*erfc(x)` as `0` and the powers 0 to 11 of x in steps of 1,
/// on [0.08, 0.3522]; absolute error at most 2^-39.2.
#[rustfmt::skip]
pub(crate) const ERFCX_SHORT: [f64; 12] = [
    -2.967945459285407e-07,
    0.5642121890479107,
    1.1276054761969923,
    1.9903951037305039,
    2.6094493468255466,
    4.6569565627256635,
    -13.404754262566323,
    54.49981652497701,
    -214.20734518840777,
    414.4659433647178,
    -394.2159332541627,
    152.52964826132873,
];

/// A first guess at `m^(-1/3)`.
///
/// `x^(-1/3)` as `0` and the powers 0 to 4 of x in steps of 1,
/// on [1, 2]; relative error at most 2^-14.7.
#[rustfmt::skip]
pub(crate) const CBRT: [f64; 5] = [
    1.670006767869741,
    -1.1728803064604272,
    0.6954827413930051,
    -0.22123790550585992,
    0.028591034189349898,
];

/// The tail of `erf x` after `x`.
///
/// `erf(x)` as `x` and the powers 1 to 23 of x in steps of 2,
/// on [1b-30, 0.844]; relative error at most 2^-56.3.
#[rustfmt::skip]
pub(crate) const ERF: [f64; 12] = [
    0.1283791670955126,
    -0.376126389031839,
    0.11283791670960167,
    -0.026866170645930637,
    0.005223977632392337,
    -0.0008548327384197296,
    0.00012055344508422873,
    -1.492587126026996e-05,
    1.6464262074160701e-06,
    -1.636520007296267e-07,
    1.4552170335562081e-08,
    -9.721074435007856e-10,
];

/// `ln erfc(1 + u)`; the error is that of erfc.
///
/// `log(erfc(x+1))` as `0` and the powers 0 to 18 of x in steps of 1,
/// on [-0.157, 5]; absolute error at most 2^-57.2.
#[rustfmt::skip]
pub(crate) const LOG_ERFC: [f64; 19] = [
    -1.8496055099332482,
    -2.638967514234792,
    -0.8431072563584875,
    -0.0415610980463304,
    0.010033825434035956,
    -0.001977903031187169,
    0.00023732475384429926,
    2.627043349837359e-05,
    -2.7142161316455997e-05,
    9.581262548900901e-06,
    -2.0269048186969738e-06,
    1.1406501908708418e-07,
    1.162157422922653e-07,
    -6.09329630121207e-08,
    1.7980696876332415e-08,
    -3.608366826128082e-09,
    4.88305309119286e-10,
    -4.035767228900836e-11,
    1.538681536945319e-12,
];

/// `erfc(x) e^(x^2) (1 + 2x)` for t = (x - 4) / (x + 4), x from 0.84 to 28.
///
/// `exp(x^2)*erfc(x)*(1+2*x)` as `0` and the powers 0 to 20 of x in steps of 1,
/// on [-0.653, 0.75001]; absolute error at most 2^-53.9.
#[rustfmt::skip]
pub(crate) const ERFCX: [f64; 21] = [
    1.2329951186255526,
    -0.1396211168405625,
    0.01537965210262186,
    0.06809705425468822,
    -0.10103906603645955,
    0.09373283499859296,
    -0.06633036580779157,
    0.03716751553139219,
    -0.016197734121994305,
    0.005031970061719341,
    -0.0007577727537305063,
    -0.00019925738557425546,
    0.00015061896997710568,
    -2.4395643941687546e-05,
    -1.1213621465996043e-05,
    5.698073647557513e-06,
    2.7831282359010825e-07,
    -8.019774200703983e-07,
    8.959969526158872e-08,
    8.32349249660088e-08,
    -2.2455674628744415e-08,
];

/// `lgamma(1 + t) / t`.
///
/// `lgamma(1+x)/x` as `0` and the powers 0 to 23 of x in steps of 1,
/// on [-0.3, 0.5]; absolute error at most 2^-56.1.
#[rustfmt::skip]
pub(crate) const LGAMMA_1: [f64; 24] = [
    -0.5772156649015329,
    0.8224670334241132,
    -0.40068563438653204,
    0.2705808084277883,
    -0.20738555102848874,
    0.16955717699645445,
    -0.14404989679065594,
    0.12550966963735205,
    -0.11133426461609001,
    0.10009945032324984,
    -0.09095405509713504,
    0.08335410821497227,
    -0.0769319649044932,
    0.07142696709351769,
    -0.06666927057470873,
    0.06257947456129383,
    -0.058927037431254686,
    0.05501756518274934,
    -0.0511433011614706,
    0.050941985147466236,
    -0.05574259156156904,
    0.0541019163032257,
    -0.03450550353611872,
    0.010016839662016667,
];

/// `lgamma(2 + t) / t`.
///
/// `lgamma(2+x)/x` as `0` and the powers 0 to 23 of x in steps of 1,
/// on [-0.5, 0.75]; absolute error at most 2^-55.5.
#[rustfmt::skip]
pub(crate) const LGAMMA_2: [f64; 24] = [
    0.42278433509846713,
    0.3224670334241132,
    -0.0673523010531981,
    0.020580808427784557,
    -0.007385551028673984,
    0.0028905103307409717,
    -0.0011927539117029644,
    0.000509669524762149,
    -0.00022315475847400266,
    9.945751242215514e-05,
    -4.492623618540894e-05,
    2.0507216724907804e-05,
    -9.439496284686045e-06,
    4.374841461305497e-06,
    -2.0391475316363113e-06,
    9.552255937363805e-07,
    -4.4959490339326135e-07,
    2.120227611186963e-07,
    -9.94191828086078e-08,
    4.708778275284908e-08,
    -2.4091337886739505e-08,
    1.2706367330830147e-08,
    -5.129283376748852e-09,
    1.0079897668760695e-09,
];
