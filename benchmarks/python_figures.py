# troupe: actors in processes. Apache-2.0, see LICENSE.
# What Python's multiprocessing needs for the same work. usage: python_figures.py FIGURE COUNT, prints one number
import multiprocessing as mp
import sys
from time import perf_counter, sleep


def echo(connection, count):
    for _ in range(count):
        connection.send_bytes(connection.recv_bytes())


def send(connection, count):
    for i in range(count):
        connection.send(i)


def produce(queue, count):
    for i in range(count):
        queue.put(i)


def consume(queue, count):
    for _ in range(count):
        queue.get()


def nothing():
    pass


def started(function, *arguments):
    process = mp.Process(target=function, args=arguments)
    process.start()
    return process


def timed(work):
    began = perf_counter()
    work()
    return perf_counter() - began


def repeat(work, count):
    for i in range(count):
        work(i)


def queue_1to1(count):
    queue = mp.Queue()
    started(produce, queue, count)
    return count / timed(lambda: consume(queue, count))


def queue_4to4(count):
    queue = mp.Queue()
    each = count // 4
    began = perf_counter()
    processes = [started(work, queue, each) for work in (produce, consume) for _ in range(4)]
    for process in processes:
        process.join()
    return 4 * each / (perf_counter() - began)


def queue_put_get(count):
    queue = mp.Queue()
    return timed(lambda: repeat(lambda i: (queue.put(i), queue.get()), count)) / count * 1e6


def pipe_rtt(count):
    ours, theirs = mp.Pipe()
    started(echo, theirs, count)
    return timed(lambda: repeat(lambda i: (ours.send_bytes(b'x' * 64), ours.recv_bytes()), count)) / count * 1e6


def pipe(count):
    ours, theirs = mp.Pipe(False)
    started(send, theirs, count)
    return count / timed(lambda: repeat(lambda i: ours.recv(), count))


def dict_get(count):
    with mp.Manager() as manager:
        numbers = manager.dict({0: 0})
        return count / timed(lambda: repeat(lambda i: numbers[0], count))


def dict_set(count):
    with mp.Manager() as manager:
        numbers = manager.dict()
        return count / timed(lambda: repeat(lambda i: numbers.__setitem__(0, i), count))


def value_add(count):
    value = mp.Value('q', 0)

    def add(_):
        with value.get_lock():
            value.value += 1
    return timed(lambda: repeat(add, count)) / count * 1e9


def array_set(count):
    array = mp.Array('q', 8)
    return timed(lambda: repeat(lambda i: array.__setitem__(i % 8, i), count)) / count * 1e9


def lock(count):
    one = mp.Lock()
    return timed(lambda: repeat(lambda i: (one.acquire(), one.release()), count)) / count * 1e6


def process_start_join(count):
    return timed(lambda: repeat(lambda i: started(nothing).join(), count)) / count * 1e3


def square(n):
    return n * n


def nap(_):
    sleep(0.01)


def pool_apply(count):
    pool = mp.Pool(2)
    repeat(lambda i: pool.apply(square, (i,)), 100)
    return timed(lambda: repeat(lambda i: pool.apply(square, (i,)), count)) / count * 1e6


def map_rate(count, **how):
    pool = mp.Pool(2)
    pool.map(square, range(1000))
    return count / timed(lambda: pool.map(square, range(count), **how))


def pool_map_chunk1(count):
    return map_rate(count, chunksize=1)


def pool_map(count):
    return map_rate(count)


def pool_apply_async(count):
    pool = mp.Pool(2)
    pool.map(square, range(1000))

    def all_of_them():
        for result in [pool.apply_async(square, (i,)) for i in range(count)]:
            result.get()
    return count / timed(all_of_them)


def pool_start(count):
    seconds = 0
    for _ in range(count):
        began = perf_counter()
        with mp.Pool(2) as pool:
            pool.apply(square, (3,))
            seconds += perf_counter() - began
    return seconds / count * 1e3


def pool_efficiency(count):
    pool = mp.Pool(64)
    pool.map(nap, range(64), chunksize=1)
    return 100 * 0.010 * count / timed(lambda: pool.map(nap, range(64 * count), chunksize=1))


if __name__ == '__main__':
    print(globals()[sys.argv[1].replace('-', '_')](int(sys.argv[2])))
