"""Walks a node through its life as OpenStack's client does: sushy-walk.py URL.

The password is in BMC_PASSWORD; BMC_USER (admin) and BMC_NODE (1) are who asks, and for what.
"""

import json
import os
import sys
import time

import sushy

root = sushy.Sushy(
    sys.argv[1],
    username=os.environ.get("BMC_USER", "admin"),
    password=os.environ["BMC_PASSWORD"],
)
node = os.environ.get("BMC_NODE", "1")
system = root.get_system(f"/redfish/v1/Systems/{node}")


def reset(how, power):
    """As its users do: asks, and looks until it is so."""
    system.reset_system(how)
    for _ in range(100):
        system.refresh()
        if system.power_state == power:
            return
        time.sleep(0.1)


seen = [system.power_state.value]
system.set_system_boot_options(
    target=sushy.BootSource.PXE, enabled=sushy.BootSourceOverrideEnabled.ONCE
)
system.refresh()
seen.append(system.boot["target"].value)
reset(sushy.ResetType.ON, sushy.PowerState.ON)
seen.append(system.power_state.value)
drive = system.managers[0].virtual_media.get_member(
    f"/redfish/v1/Managers/{node}/VirtualMedia/Cd"
)
drive.insert_media("http://127.0.0.1/boot.iso")
drive.refresh()
seen.append(drive.image)
drive.eject_media()
drive.refresh()
seen.append(drive.inserted)
seen.append(sorted(system.ethernet_interfaces.summary))
seen.append(system.processors.summary.count)
reset(sushy.ResetType.FORCE_OFF, sushy.PowerState.OFF)
seen.append(system.power_state.value)
root._auth.close()
print(json.dumps(seen))
