mod frame;
pub(super) use frame::{error_page, login};
