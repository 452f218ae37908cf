// SPDX-License-Identifier: LGPL-2.1-or-later
// The workloads of gproc-bench as Node's child_process does them:
// node peer-node.mjs read|splice|trip|spawn|latency NAME=VALUE…

import {spawn} from 'node:child_process';
import {once} from 'node:events';
import stream from 'node:stream';

const given = Object.fromEntries(process.argv.slice(3).map(argument => {
    const at = argument.indexOf('=');
    return [argument.slice(0, at), argument.slice(at + 1)];
}));
const number = (name, fallback) => Number(given[name] ?? fallback);
const now = () => Number(process.hrtime.bigint()) / 1e9;
const program = process.env.GPROC_BENCH_CHILD;

if (number('hwm', 0) > 0 && stream.setDefaultHighWaterMark)
    stream.setDefaultHighWaterMark(false, number('hwm', 0));

function cpu() {
    const usage = process.cpuUsage();
    return (usage.user + usage.system) / 1e6;
}

async function exited(child) {
    if (child.exitCode === null && child.signalCode === null)
        await once(child, 'exit');
    return child.exitCode;
}

function check(condition, what) {
    if (!condition)
        throw new Error(what);
}

async function read() {
    const child = spawn(program, ['flood', given.bytes], {stdio: ['ignore', 'pipe', 'inherit']});
    let received = 0;
    child.stdout.on('data', data => {
        received += data.length;
    });
    await once(child, 'close');
    check(received === number('bytes'), 'not all was read');
}

async function splice() {
    const flood = spawn(program, ['flood', given.bytes], {stdio: ['ignore', 'pipe', 'inherit']});
    const sink = spawn(program, ['sink', given.bytes], {stdio: ['pipe', 'ignore', 'inherit']});
    flood.stdout.pipe(sink.stdin);
    check(await exited(sink) === 0, 'not all went through');
    await exited(flood);
}

async function pings(child, count, each) {
    for (let i = 0; i < count; i++) {
        const start = now();
        const answer = once(child.stdout, 'data');
        child.stdin.write('ping\n');
        await answer;
        each(now() - start);
    }
}

// With a listener that stays: a promise for each event would cost more than the trip.
function trips(child, count, each, pause = 0) {
    return new Promise(resolve => {
        let start, done = 0;
        const ping = () => {
            start = now();
            child.stdin.write('ping\n');
        };
        child.stdout.on('data', () => {
            each(now() - start);
            if (++done === count)
                resolve();
            else if (pause > 0)
                setTimeout(ping, pause);
            else
                ping();
        });
        ping();
    });
}

async function trip() {
    const child = spawn('cat', {stdio: ['pipe', 'pipe', 'inherit']});
    await pings(child, 1, () => {});
    const start = now();
    await trips(child, number('count', 1000), () => {});
    const seconds = now() - start;
    child.stdin.end();
    await exited(child);
    return {seconds};
}

// The pages are of 4 KiB: bench.py switches off the others for all it compares here.
function becomeResident() {
    const size = number('resident', 0) * 1024 * 1024, blocks = [];
    for (let at = 0; at < size; at += 64 * 1024 * 1024)
        blocks.push(Buffer.alloc(Math.min(64 * 1024 * 1024, size - at), 1));
    return blocks;
}

async function spawnTrue() {
    const start = now();
    const child = spawn('/bin/true', {stdio: ['pipe', 'pipe', 'inherit']});
    const taken = now() - start;
    check(await exited(child) === 0, '/bin/true failed');
    return taken;
}

async function spawns() {
    const blocks = becomeResident(), live = [], count = number('count', 10);
    for (let i = 0; i < number('live', 0); i++)
        live.push(spawn(program, ['hold'], {stdio: ['pipe', 'pipe', 'inherit']}));
    await spawnTrue();
    const start = now();
    const spawning = [];
    for (let i = 0; i < count; i++)
        spawning.push(await spawnTrue());
    const seconds = (now() - start) / count;
    for (const child of live)
        child.stdin.end();
    await Promise.all(live.map(exited));
    check(blocks.length >= 0);
    spawning.sort((a, b) => a - b);
    return {seconds, p50: spawning[count >> 1]};
}

async function latency() {
    const cat = spawn('cat', {stdio: ['pipe', 'pipe', 'inherit']});
    const flood = spawn(program, ['flood', '0'], {stdio: ['ignore', 'pipe', 'ignore']});
    const times = [], count = number('count', 1000);
    let received = 0, begin;
    const begun = new Promise(resolve => {
        begin = resolve;
    });
    flood.stdout.on('data', data => {
        received += data.length;
        if (received > 64 * 1024 * 1024)
            begin();
    });
    // The round trips begin when the flood is in full swing.
    await begun;
    received = 0;
    const first = now();
    await trips(cat, count + 100, time => times.push(time), 1);
    const rate = received / (now() - first);
    flood.kill('SIGKILL');
    cat.stdin.end();
    await Promise.all([exited(cat), exited(flood)]);
    const sorted = times.slice(100).sort((a, b) => a - b);
    const at = share => sorted[Math.floor(share * (count - 1))];
    return {p50: at(0.5), p99: at(0.99), p999: at(0.999), flood: rate};
}

const start = now(), ownCpu = cpu();
const figures = await {read, splice, trip, spawn: spawns, latency}[process.argv[2]]();
console.log(JSON.stringify(figures ?? {seconds: now() - start, cpu: cpu() - ownCpu}));
