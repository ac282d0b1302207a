"""Standard normals in LLVM's intermediate representation: words of SFC64, and the ziggurat's look-up and product.

The words are those of NumPy's generator, and the normals are equal to the bit to those that NumPy's calls make of them.
"""

from typing import Final

_FILLED: Final = {"double": "8 x double", "float": "8 x float"}


def printed(kind: str, bits: int) -> str:
    """The module of ``fill``, which takes (state, units, out, count).

    ``state`` are the four words of SFC64, which move on. ``units`` is the unit of the rectangle that the lowest
    ``bits`` of 32 bits choose. ``out`` takes ``count`` numbers of LLVM's type ``kind``.
    """
    wide = _FILLED[kind]
    step, chosen, (a, b, c, d) = _eight(kind, bits)
    tail: list[str] = []
    (word,), (ta, tb, tc, td) = _words(tail, "t", ["%ta", "%tb", "%tc", "%td"], 1)
    one_by_one = "\n".join(tail)
    size = 8 if kind == "double" else 4
    loads = "\n".join(
        f"  %p{i} = getelementptr i64, ptr %state, i64 {i}\n  %s{i} = load i64, ptr %p{i}" for i in range(4)
    )
    stores = "\n".join(f"  store i64 %e{i}, ptr %p{i}" for i in range(4))
    return f"""
define void @fill(ptr noalias %state, ptr noalias %units, ptr noalias %out, i64 %n) "min-legal-vector-width"="512" {{
entry:
{loads}
  %eights = and i64 %n, -8
  %any = icmp sgt i64 %eights, 0
  br i1 %any, label %loop, label %left
loop:
  %i = phi i64 [0, %entry], [%i_next, %loop]
  %a = phi i64 [%s0, %entry], [{a}, %loop]
  %b = phi i64 [%s1, %entry], [{b}, %loop]
  %c = phi i64 [%s2, %entry], [{c}, %loop]
  %d = phi i64 [%s3, %entry], [{d}, %loop]
{step}
  %normals = fmul <{wide}> {chosen}, %places
  %at = getelementptr {kind}, ptr %out, i64 %i
  store <{wide}> %normals, ptr %at, align {size}
  %i_next = add i64 %i, 8
  %more = icmp slt i64 %i_next, %eights
  br i1 %more, label %loop, label %left
left:
  %l0 = phi i64 [%s0, %entry], [{a}, %loop]
  %l1 = phi i64 [%s1, %entry], [{b}, %loop]
  %l2 = phi i64 [%s2, %entry], [{c}, %loop]
  %l3 = phi i64 [%s3, %entry], [{d}, %loop]
  %some = icmp slt i64 %eights, %n
  br i1 %some, label %pair, label %done
pair:
  %j = phi i64 [%eights, %left], [%j_next, %after]
  %ta = phi i64 [%l0, %left], [{ta}, %after]
  %tb = phi i64 [%l1, %left], [{tb}, %after]
  %tc = phi i64 [%l2, %left], [{tc}, %after]
  %td = phi i64 [%l3, %left], [{td}, %after]
{one_by_one}
  %low = trunc i64 {word} to i32
  %upper = lshr i64 {word}, 32
  %high = trunc i64 %upper to i32
{_one("low", "j", kind, bits)}
  %k = add i64 %j, 1
  %both = icmp slt i64 %k, %n
  br i1 %both, label %second, label %after
second:
{_one("high", "k", kind, bits)}
  br label %after
after:
  %j_next = add i64 %j, 2
  %again = icmp slt i64 %j_next, %n
  br i1 %again, label %pair, label %done
done:
  %e0 = phi i64 [%l0, %left], [{ta}, %after]
  %e1 = phi i64 [%l1, %left], [{tb}, %after]
  %e2 = phi i64 [%l2, %left], [{tc}, %after]
  %e3 = phi i64 [%l3, %left], [{td}, %after]
{stores}
  ret void
}}
"""


def _eight(kind: str, bits: int) -> tuple[str, str, list[str]]:
    """Four words as eight places, and a unit for each. Returns the text, the name of the units, and the state after."""
    lines: list[str] = []
    words, state = _words(lines, "w", [f"%{name}" for name in "abcd"], 4)
    packed = "poison"
    for lane, word in enumerate(words):
        lines.append(f"  %pack{lane} = insertelement <4 x i64> {packed}, i64 {word}, i64 {lane}")
        packed = f"%pack{lane}"
    wide = _FILLED[kind]
    lines += [f"  %bits = bitcast <4 x i64> {packed} to <8 x i32>", f"  %places = sitofp <8 x i32> %bits to <{wide}>"]
    lines.append(f"  %choice = and <8 x i32> %bits, splat (i32 {(1 << bits) - 1})")
    chosen = "poison"
    for lane in range(8):
        lines += [
            f"  %c{lane} = extractelement <8 x i32> %choice, i64 {lane}",
            f"  %z{lane} = zext i32 %c{lane} to i64",
            f"  %pu{lane} = getelementptr {kind}, ptr %units, i64 %z{lane}",
            f"  %u{lane} = load {kind}, ptr %pu{lane}",
            f"  %v{lane} = insertelement <{wide}> {chosen}, {kind} %u{lane}, i64 {lane}",
        ]
        chosen = f"%v{lane}"
    return "\n".join(lines), chosen, state


def _words(lines: list[str], name: str, state: list[str], count: int) -> tuple[list[str], list[str]]:
    """Prints some steps of SFC64. Returns the words, and the state after them."""
    a, b, c, d = state
    words = []
    for i in range(count):
        own = f"%{name}{i}"
        lines += [
            f"  {own}_s = add i64 {a}, {b}",
            f"  {own} = add i64 {own}_s, {d}",
            f"  {own}_d = add i64 {d}, 1",
            f"  {own}_r = lshr i64 {b}, 11",
            f"  {own}_a = xor i64 {b}, {own}_r",
            f"  {own}_l = shl i64 {c}, 3",
            f"  {own}_b = add i64 {c}, {own}_l",
            f"  {own}_h = shl i64 {c}, 24",
            f"  {own}_o = lshr i64 {c}, 40",
            f"  {own}_t = or i64 {own}_h, {own}_o",
            f"  {own}_c = add i64 {own}_t, {own}",
        ]
        words.append(own)
        a, b, c, d = (f"{own}_{part}" for part in "abcd")
    return words, [a, b, c, d]


def _one(name: str, place: str, kind: str, bits: int) -> str:
    """One normal of 32 bits, stored at a place."""
    return f"""  %{name}_c = and i32 %{name}, {(1 << bits) - 1}
  %{name}_z = zext i32 %{name}_c to i64
  %{name}_p = getelementptr {kind}, ptr %units, i64 %{name}_z
  %{name}_u = load {kind}, ptr %{name}_p
  %{name}_f = sitofp i32 %{name} to {kind}
  %{name}_n = fmul {kind} %{name}_u, %{name}_f
  %{name}_o = getelementptr {kind}, ptr %out, i64 %{place}
  store {kind} %{name}_n, ptr %{name}_o"""
