from vkpay_simulator.cli import main

if __name__ == "__main__":
    main()
