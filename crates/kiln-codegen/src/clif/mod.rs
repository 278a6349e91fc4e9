//! Code through Cranelift: scalar functions, and strips at one lane and at
//! 128 bits.

use crate::{CodegenConfig, CodegenError, MachineCode, Target};
use kiln_ir::Func;

pub(crate) fn compile(
    func: &Func,
    _target: &Target,
    config: &CodegenConfig,
) -> Result<MachineCode, CodegenError> {
    Err(CodegenError::Unsupported { what: func.name().into(), level: config.level })
}
pub(crate) fn text(
    func: &Func,
    _target: &Target,
    config: &CodegenConfig,
) -> Result<String, CodegenError> {
    Err(CodegenError::Unsupported { what: func.name().into(), level: config.level })
}
pub(crate) fn assembly(
    func: &Func,
    _target: &Target,
    config: &CodegenConfig,
) -> Result<String, CodegenError> {
    Err(CodegenError::Unsupported { what: func.name().into(), level: config.level })
}
