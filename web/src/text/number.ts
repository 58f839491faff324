// Phone numbers: as people write them, and as services take them, which is `+` and digits.

const BETWEEN = /[\s().\-/\u2010-\u2015\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Without what only helps the eye; the 00 that many dial stands for `+`, and the (0) of a number at home falls away. */
export function plainNumber(typed: string): string {
  const digits = typed.replace(/[٠-٩۰-۹]/g, (digit) => String(digit.charCodeAt(0) & 15)).replace(/^[^\d+]*00/, "+");
  return (digits.includes("+") ? digits.replace("(0)", "") : digits).replace(BETWEEN, "");
}

export function isNumber(typed: string): boolean {
  return /^\+?\d{5,}$/.test(plainNumber(typed));
}
