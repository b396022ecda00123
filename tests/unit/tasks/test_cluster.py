from collections import deque

from tasks.cluster import _windowed


class Cluster:
    """Stands for a client of five threads; a call is made when its result is asked for."""

    def __init__(self):
        self.waiting = 0
        self.most_waiting = 0

    def nthreads(self):
        return {"one": 2, "other": 3}

    def submit(self, function, item, **_):
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        return Submitted(self, function, item)


class Submitted:
    def __init__(self, cluster, function, item):
        self.cluster, self.function, self.item = cluster, function, item

    def result(self):
        self.cluster.waiting -= 1
        return self.function(self.item)


def test_results_come_in_order_and_the_scheduler_never_holds_more_than_four_calls_a_thread():
    cluster = Cluster()
    assert list(_windowed(cluster, lambda n: n * n, range(1000))) == [n * n for n in range(1000)]
    assert cluster.most_waiting == 20


def test_nothing_is_asked_for_before_it_is_wanted():
    asked = deque()

    def items():
        for n in range(1000):
            asked.append(n)
            yield n

    results = _windowed(Cluster(), str, items())
    assert [next(results) for _ in range(3)] == ["0", "1", "2"]
    assert len(asked) == 22
