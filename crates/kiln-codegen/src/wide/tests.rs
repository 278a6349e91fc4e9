//! The instruction table against the encoder's own, and how tight loops are.

use super::rows::{ALL, Slot, Width};
use super::*;
use iced_x86::Code;
use kiln_ir::{ArrayType, Const, FuncBuilder, Op, Scalar, Type};

/// The operands of an encoding, as its name in iced-x86 lists them:
/// `EVEX_Vaddpd_ymm_k1z_ymm_ymmm256b64` has three.
fn operands(code: Code) -> Vec<String> {
    let name = format!("{code:?}");
    let parts = name.split('_').skip(2);
    parts
        .filter(|part| !matches!(*part, "k1" | "k1z" | "er" | "sae"))
        .map(str::to_owned)
        .collect()
}

/// Bits of a vector operand; 0 for other operands.
fn vector_bits(operand: &str) -> usize {
    match operand.get(..3) {
        Some("xmm") => 128,
        Some("ymm") => 256,
        Some("zmm") => 512,
        _ => 0,
    }
}

#[test]
fn forms_agree_with_the_encoder() {
    let mut count = 0;
    for &op in ALL {
        let form = op.form();
        for (evex, width) in [
            (false, Width::X),
            (false, Width::Y),
            (true, Width::X),
            (true, Width::Y),
            (true, Width::Z),
        ] {
            let Some(code) = op.code(evex, width) else {
                continue;
            };
            count += 1;
            let found = operands(code);
            let slots: Vec<Slot> = [form.def]
                .into_iter()
                .chain(form.args)
                .filter(|slot| *slot != Slot::None)
                .skip(usize::from(form.tied))
                .collect();
            let expected = slots.len() + usize::from(form.imm);
            // The tied argument is the result's operand.
            assert_eq!(found.len(), expected, "{code:?}");
            for (i, slot) in slots.into_iter().enumerate() {
                let bits = vector_bits(&found[i]);
                match slot {
                    Slot::Vec(shift) => {
                        assert_eq!(bits, 8 * width.narrower(shift).bytes(), "{code:?} {i}");
                    }
                    Slot::Mask => assert_eq!(bits, 0, "{code:?} {i}"),
                    Slot::Xmm | Slot::Mem | Slot::None => {}
                }
            }
            if evex && op.row().broadcast != 0 {
                let element = format!("b{}", op.row().broadcast);
                assert!(found.iter().any(|o| o.ends_with(&element)), "{code:?}");
            }
        }
    }
    assert!(count > 500, "{count} encodings");
}

/// The loop over rows of a polynomial by Horner's rule.
fn polynomial(degree: usize, lanes: u16) -> Func {
    let mut b = FuncBuilder::new("polynomial");
    let x = b.array_param("x", ArrayType::slice(Scalar::F64));
    let out = b.array_param("out", ArrayType::slice_mut(Scalar::F64));
    let (lo, hi) = (b.i64(0), b.len(out, 0));
    let (row, _) = b.begin_for(&[]);
    let x = b.load_as(x, &[row], None, lanes);
    let ty = Type::vector(Scalar::F64, lanes);
    let mut sum = b.constant_of(ty, Const::f64(0.5));
    for i in 0..degree {
        let c = b.constant_of(ty, Const::f64(1.0 / (i + 3) as f64));
        sum = b.op(Op::Fma, &[sum, x, c]);
    }
    b.store(out, &[row], sum);
    b.end_for(lo, hi, lanes, &[], &[]);
    b.finish(&[])
}

fn text(func: &Func, target: &str, level: Level) -> String {
    let target = Target::named(target).and_then(|t| t.checked());
    let target = target.unwrap_or_else(|e| panic!("{e}"));
    let config = CodegenConfig::new(Entry::Strip, level);
    assembly(func, &target, &config).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_polynomial_takes_one_instruction_for_each_coefficient() {
    for (target, level, lanes) in [
        ("x86_64-v3", Level::Avx2, 8),
        ("x86_64-v4", Level::Avx512, 16),
    ] {
        let text = text(&polynomial(11, lanes), target, level);
        let count = |name: &str| text.lines().filter(|l| l.contains(name)).count();
        assert_eq!(count("vfmadd"), 22, "{text}");
        assert_eq!(count("rsp"), 0, "nothing is spilled: {text}");
        // The first coefficient is copied for each of the two vectors, and
        // three instructions carry the loop.
        assert!(count("vmovaps") <= 2, "{text}");
        assert!(text.lines().count() < 60, "{text}");
    }
}

#[test]
fn what_has_no_form_is_named() {
    let mut b = FuncBuilder::new("f");
    let x = b.array_param("x", ArrayType::slice(Scalar::I64));
    let out = b.array_param("out", ArrayType::slice_mut(Scalar::I64));
    let (lo, hi) = (b.i64(0), b.len(out, 0));
    let (row, _) = b.begin_for(&[]);
    let x = b.load_as(x, &[row], None, 8);
    let y = b.op(Op::Div, &[x, x]);
    b.store(out, &[row], y);
    b.end_for(lo, hi, 8, &[], &[]);
    let func = b.finish(&[]);
    let target = Target::named("x86_64-v3").unwrap_or_else(|e| panic!("{e}"));
    let config = CodegenConfig::new(Entry::Strip, Level::Avx2);
    let error = compile(&func, &target, &config).map(|_| ());
    let text = error.map_err(|e| e.to_string());
    assert_eq!(text, Err("div of i64 has no avx2 form".into()));
}

#[test]
fn windows_keeps_the_registers_of_the_caller() {
    // More live values than the six registers a callee may overwrite.
    let func = polynomial(24, 32);
    let schedule = Schedule::of(&func);
    let row_loop = strip_loop(&func).unwrap_or_else(|| panic!("it is a loop"));
    let shape = shape(&func, &schedule, 32, Level::Avx2).unwrap_or_else(|e| panic!("{e}"));
    let selected = select::select(&func, &schedule, row_loop, Level::Avx2, shape);
    let selected = selected.unwrap_or_else(|e| panic!("{e}"));
    let mut mach = selected.func;
    fold::fold(&mut mach, Width::Y);
    let convention = Convention::Windows;
    let output = alloc::allocate(&mach, Width::Y, convention, true);
    let output = output.unwrap_or_else(|e| panic!("{e}"));
    let emitted = emit::emit(
        &mach,
        &output,
        &selected.constants,
        Width::Y,
        convention,
        true,
    );
    let code = emitted.unwrap_or_else(|e| panic!("{e}")).code;
    let text = asm::disassemble(&code.bytes[..code.code_len]);
    let saved = |line: &&str| line.contains("vmovups [rsp") && line.contains("xmm");
    let restored = |line: &&str| line.contains("vmovups xmm") && line.contains("[rsp");
    let (saves, restores) = (
        text.lines().filter(saved).count(),
        text.lines().filter(restored).count(),
    );
    assert!(saves > 0 && restores >= saves, "{text}");
}
