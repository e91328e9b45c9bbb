# SPDX-FileCopyrightText: 2026 The QtAmqp Authors
# SPDX-License-Identifier: MIT

"""RabbitMQ short of memory, as both clients are told of it. No other test runs beside this."""

import os
import subprocess

from common import Interop


class Alarms(Interop):
    def test_blocked_notification(self):
        blocked, unblocked = [], []
        self.connection.add_on_connection_blocked_callback(lambda _, frame: blocked.append(frame))
        self.connection.add_on_connection_unblocked_callback(lambda _, frame: unblocked.append(frame))
        peer, ctl = self.peer(), os.environ["QTAMQP_TEST_CTL"]
        channel = self.connection.channel()  # without confirms, which would not come
        subprocess.run([ctl, "-q", "set_vm_memory_high_watermark", "0"], check=True, timeout=60)
        try:
            peer("publish", "", "nowhere", "x")
            channel.basic_publish("", "nowhere", b"x")
            self.assertRegex(peer("told"), "^blocked .*memory")
            while not blocked:
                self.connection.process_data_events(0.01)
            self.assertIn("memory", blocked[0].method.reason)
        finally:
            subprocess.run([ctl, "-q", "set_vm_memory_high_watermark", "0.6"], check=True, timeout=60)
        self.assertEqual(peer("told"), "unblocked")
        while not unblocked:
            self.connection.process_data_events(0.01)
