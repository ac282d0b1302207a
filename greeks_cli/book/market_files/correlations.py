"""Correlation matrices in CSV files: a header of names, and a row for each of them, which its name begins."""

from greeks_cli.book.market_files.node_cells import cells_of, check_rows, numbers_of, tried, wrong
from greeks_cli.book.text.table import Table
from greeks_cli.terms.errors import InvalidInput

MATRIX = "a header of names, and a row for each of them: A,1,0.5"
_TOLERANCE = 1e-12


def correlations_in(table: Table) -> list[tuple[object, object, object]]:
    """The names and the correlation of each pair. Raises InvalidInput for a table that is no correlation matrix."""
    names = table.names[1:]
    if not names or not table.rows:
        raise InvalidInput([wrong(table.place, f"no matrix; a file of correlations has {MATRIX}")])
    check_rows(table, tuple(range(len(table.names))), "name", MATRIX)
    firsts = tuple(row.cells[0] for row in table.rows)
    if firsts != names:
        message = f"the rows are {', '.join(firsts)}, and the columns {', '.join(names)}; give both in one order"
        raise InvalidInput([wrong(table.place, message)])
    columns = [_column(table, position) for position in range(1, len(table.names))]
    found: list[tuple[object, object, object]] = []
    for i, one in enumerate(names):
        if columns[i][i] != 1:
            raise InvalidInput(
                [wrong(table.place, f"the correlation of {one} with itself is {columns[i][i]:g}, not 1")]
            )
        for j in range(i):
            if abs(columns[i][j] - columns[j][i]) > _TOLERANCE:
                message = f"{names[j]} with {one} is {columns[i][j]:g}, and {one} with {names[j]} {columns[j][i]:g}"
                raise InvalidInput([wrong(table.place, f"the matrix is not symmetric: {message}")])
            found.append((names[j], one, columns[i][j]))
    return found


def _column(table: Table, position: int) -> list[float]:
    name, cells = table.names[position], cells_of(table, position)
    numbers = tried(table, position, lambda: numbers_of("correlation", name, cells, table.separator, "0.5"))
    return [float(str(number)) for number in numbers]
