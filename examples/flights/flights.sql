-- One row a scheduled departure, with what an airline knows when it plans the day: the timetable, the aircraft, and the
-- weather at the airport in the hour before. What is measured later (dep_time, dep_delay, arr_time, air_time) stays out:
-- it would tell the answer.
SELECT
    strftime(make_date(f.year, f.month, f.day), '%Y%m%d') || '-' || f.carrier || f.flight
        || '-' || f.origin || '-' || lpad(CAST(f.sched_dep_time AS VARCHAR), 4, '0') AS flight_id,
    make_timestamp(f.year, f.month, f.day, f.sched_dep_time // 100, f.sched_dep_time % 100, 0.0) AS scheduled,
    f.month,
    f.carrier,
    f.origin,
    f.dest,
    f.distance,
    f.sched_dep_time // 100 * 60 + f.sched_dep_time % 100 AS departs_minute,
    f.sched_arr_time // 100 * 60 + f.sched_arr_time % 100 AS arrives_minute,
    w.temp,
    w.dewp,
    w.humid,
    w.wind_dir,
    w.wind_speed,
    w.wind_gust,
    w.precip,
    w.pressure,
    w.visib,
    p.year AS built,
    p.seats,
    p.engine,
    f.arr_delay > 15 AS late
FROM read_csv('arrivals/flights-*.csv', nullstr = 'NA') AS f
LEFT JOIN read_csv('arrivals/weather.csv', nullstr = 'NA') AS w
    ON w.origin = f.origin
    AND make_timestamp(w.year, w.month, w.day, w.hour, 0, 0.0) + INTERVAL 1 HOUR
        = make_timestamp(f.year, f.month, f.day, f.sched_dep_time // 100, 0, 0.0)
LEFT JOIN read_csv('arrivals/planes.csv', nullstr = 'NA') AS p ON p.tailnum = f.tailnum
ORDER BY scheduled, flight_id
