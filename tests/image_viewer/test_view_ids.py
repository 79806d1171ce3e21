import numpy as np
from holaf.holaf_image_viewer_backend.view_ids import ViewIds

COLUMN = np.array([10, 20, 30, 40, 50, 60], np.uint32)


def shared(capacity: int = 6):
    """As the columns have it: the first slots of an array with room for more."""
    column = np.concatenate([COLUMN, np.zeros(capacity, np.uint32)])[:6]
    order = np.array([2, 0, 5, 1, 4, 3], np.int32)
    return column, ViewIds(column, order[::-1])


def test_a_view_of_everything_reads_its_ids_through_the_order():
    _, ids = shared()
    assert len(ids) == 6
    assert ids.all().tolist() == [40, 50, 20, 60, 10, 30]
    assert ids.at(slice(1, 3)).tolist() == [50, 20]
    assert ids.at(np.array([5, 0])).tolist() == [30, 40]


def test_a_view_of_everything_has_no_array_of_ids_while_the_column_is_kept_anyway():
    column, ids = shared()
    longer = column.base[:6]
    ids.settle(longer)
    column[3] = 99
    assert ids.all()[0] == 99


def test_a_view_lets_go_of_a_column_that_was_made_anew():
    column, ids = shared()
    ids.settle(np.concatenate([column, [70]])[:7])
    column[:] = 0
    assert ids.all().tolist() == [40, 50, 20, 60, 10, 30]


def test_a_view_of_some_pictures_has_ids_of_its_own():
    ids = ViewIds(np.array([7, 3], np.uint32))
    assert (len(ids), ids.all().tolist(), ids.at(slice(1, 9)).tolist()) == (2, [7, 3], [3])
