// Shows moments in the reader's time zone; the server writes UTC.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const second = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

// A date in the form that `Date` reads has milliseconds; the server writes microseconds.
function parse(text) {
  return new Date(text.replace(/(\.\d{3})\d+/, "$1"));
}

export function momentText(millis, fine) {
  const date = new Date(millis);
  const time = (fine ? second : minute).format(date);
  return isToday(date) ? time : `${day.format(date)}, ${time}`;
}

function isToday(date) {
  return date.toDateString() === new Date().toDateString();
}

export function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const date = parse(time.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    time.dataset.local = "";
    time.title = `${whole.format(date)} · ${time.dateTime}`;
    if (time.classList.contains("moment")) {
      time.textContent = momentText(date.getTime(), time.closest("[data-fine]") !== null);
    } else {
      time.textContent = isToday(date) ? clock.format(date) : `${day.format(date)}, ${second.format(date)}`;
    }
  }
}
